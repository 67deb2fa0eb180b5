/**
 * Which calls are refused because there are more than this process can answer.
 * Their frames lie in the sockets until a turn of the event loop reads them, so
 * what is read late in a long turn has waited longest: it is refused, and what
 * the turn began with is answered. So nobody is answered after his patience is
 * over, and what is answered is answered soon. It must be quick: a refusal that
 * comes when its caller has given up keeps nobody away.
 *
 * A process that paused, for its garbage mostly, finds more calls than usual
 * and is not overloaded: while it has had idle time, it may take twice the
 * pause, which is what they take with those that come meanwhile, and as long
 * for those that came in that turn. An overloaded one answers a part of them,
 * and less in each turn.
 *
 * To refuse costs about a third of an answer. So those that are refused get
 * places in a line, and come back as a small share of what can be answered:
 * however many callers there are, that share is what refusals take from the
 * answers.
 *
 * How all of this acts together, over seconds and with callers that give up, is
 * tried in overload.test.ts.
 */
import { type FlagstreamError, fail, LIMITS } from '@flagstream/protocol';
import { IdleTime } from './idle-time.ts';
import { ReturnLine } from './return-line.ts';

export interface LoadShedderParts {
  readonly monotonicMs: () => number;
  /** For how long the event loop has had nothing to do so far. */
  readonly idleMs: () => number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Calls back once this turn of the event loop is over. */
  readonly afterTurn: (callback: () => void) => void;
  /** Most calls come too late to be answered: those that are refused do not hear of it. */
  readonly onTooLate: () => void;
}

/** Of the last busy turn in what an answer takes; the turns before have the rest. */
const NEWEST_WEIGHT = 0.2;
/** One caller comes back in the time of so many answers. */
const ANSWERS_PER_RETURN = 10;
/** What it is taken for that a call has waited unread: after a longer pause many came late in it. */
const UNREAD_MS_MAX = 250;
/** Between two calls of one turn: longer than those take that came in one packet. */
const PAUSE_MS = 100;
/** Of a pause, what it takes to answer the calls that came in it, and those that come meanwhile, where just as many come. */
const PAUSE_SHARE = 2;
/**
 * Of the turn before and a pause, where there is no idle time: less in each turn, so that what a pause has left is refused
 * in a few turns. Other work waits until a turn is over.
 */
const TURN_SHARE_OVERLOADED = 0.5;
/** At first. */
const ANSWER_MS = 0.2;

/** So long is looked back for calls that come too late, and so many have come at least. */
const TOO_LATE_MS = 250;
const TOO_LATE_CALLS = 500;

export class LoadShedder {
  readonly #parts: LoadShedderParts;
  #turnStartedMs: number | undefined;
  readonly #turn = { answered: 0, refused: 0, tooLate: 0, allowedMs: 0, unreadMs: 0, seenMs: 0 };
  /** The turn before; and how long the process was idle until it began. */
  readonly #last = { overMs: 0, lengthMs: 0, idleMs: 0 };
  /** When a call was refused last, as the turn was long. */
  #refusedMs = Number.NEGATIVE_INFINITY;
  /** What an answer takes while there are more calls than can be answered. */
  #answerMs = ANSWER_MS;
  /** When the last turn ended, if it had more than it could answer. */
  #busyMs: number | undefined;
  readonly #idle = new IdleTime();
  readonly #line = new ReturnLine();
  readonly #counts = { late: 0, deadline: 0 };
  /** Of late. */
  #newest = { sinceMs: 0, read: 0, tooLate: 0 };
  /** One for each delay: an error with its stack takes longer to make than an answer. */
  readonly #refusals = new Map<number, FlagstreamError>();

  constructor(parts: LoadShedderParts) {
    this.#parts = parts;
  }

  /** Calls that were refused so far: as the turn was long, or their own time was over. */
  get counts(): Readonly<Record<'late' | 'deadline', number>> {
    return this.#counts;
  }

  /**
   * Why a call that is read now is refused, if it is.
   * @param timeout its grpc-timeout as it stands in the headers
   */
  refusal(timeout: string | undefined): FlagstreamError | undefined {
    const nowMs = this.#parts.monotonicMs();
    const lateMs = this.#lateMs(nowMs);
    const leftMs = timeout === undefined ? Number.POSITIVE_INFINITY : timeoutMs(timeout) - lateMs;
    const isTooLate = leftMs < this.#turn.unreadMs;
    if (isTooLate) this.#turn.tooLate += 1;
    // Few calls are late by a pause, of which they are not the cause.
    if ((isTooLate || lateMs > this.#turn.allowedMs) && this.#turn.answered >= LIMITS.turnCallsMin) {
      this.#counts.late += 1;
      this.#turn.refused += 1;
      this.#refusedMs = nowMs;
      return this.#overloaded(nowMs);
    }
    this.#turn.answered += 1;
    if (lateMs === 0 || leftMs > 0) return undefined;
    this.#counts.deadline += 1;
    return TOO_LATE;
  }

  /** How long this turn has run since it read its first call. */
  #lateMs(nowMs: number): number {
    const turn = this.#turn;
    const sinceLastMs = nowMs - turn.seenMs;
    if (this.#turnStartedMs === undefined) {
      this.#turnStartedMs = nowMs;
      const idleMs = this.#parts.idleMs();
      this.#idle.look(nowMs, idleMs);
      // Within a turn there is no idle time.
      const pauseMs = Math.max(0, nowMs - this.#last.overMs - (idleMs - this.#last.idleMs));
      turn.allowedMs = this.#allowedMs(nowMs, pauseMs);
      // They came at any time since the turn before began, or the loop would not have been idle.
      turn.unreadMs = Math.min(UNREAD_MS_MAX, (this.#last.lengthMs + pauseMs) / 2);
      this.#last.idleMs = idleMs;
      this.#parts.afterTurn(this.#turnOver);
    } else if (sinceLastMs > PAUSE_MS && this.#isPatient(nowMs)) {
      turn.allowedMs += sinceLastMs + Math.min(LIMITS.turnCallsMsMax, PAUSE_SHARE * sinceLastMs);
    }
    turn.seenMs = nowMs;
    return nowMs - this.#turnStartedMs;
  }

  /** How long the calls of a turn that begins now may take. */
  #allowedMs(nowMs: number, pauseMs: number): number {
    const { turnCallsMs, turnCallsMsAtFirst, turnCallsMsMax } = LIMITS;
    const { lengthMs } = this.#last;
    const wantedMs = this.#isPatient(nowMs)
      ? Math.max(turnCallsMsAtFirst, PAUSE_SHARE * pauseMs, lengthMs)
      : Math.max(turnCallsMs, TURN_SHARE_OVERLOADED * (lengthMs + pauseMs));
    return Math.min(turnCallsMsMax, wantedMs);
  }

  /** Calls have been answered faster than they came, or nobody who was refused may still be to come back. */
  #isPatient(nowMs: number): boolean {
    return this.#idle.isEnough || nowMs - this.#refusedMs > LIMITS.shedRetryMsMax;
  }

  readonly #turnOver = (): void => {
    const { answered, refused } = this.#turn;
    const nowMs = this.#parts.monotonicMs();
    const startedMs = this.#turnStartedMs ?? nowMs;
    const isBusy = refused > 0;
    const busySinceMs = this.#busyMs;
    // From end to end, as what a call begins is done when others are read; unless nobody called for a while.
    if (isBusy && busySinceMs !== undefined && startedMs - busySinceMs < nowMs - startedMs)
      this.#answerMs += NEWEST_WEIGHT * ((nowMs - busySinceMs) / answered - this.#answerMs);
    this.#busyMs = isBusy ? nowMs : undefined;
    if (isBusy) this.#idle.startOver(nowMs, this.#parts.idleMs());
    this.#last.overMs = nowMs;
    this.#last.lengthMs = nowMs - startedMs;
    this.#turnStartedMs = undefined;
    this.#lookForTooLate(nowMs);
    this.#turn.answered = 0;
    this.#turn.refused = 0;
    this.#turn.tooLate = 0;
  };

  #lookForTooLate(nowMs: number): void {
    const newest = this.#newest;
    newest.read += this.#turn.answered + this.#turn.refused;
    newest.tooLate += this.#turn.tooLate;
    if (nowMs - newest.sinceMs < TOO_LATE_MS) return;
    if (newest.read >= TOO_LATE_CALLS && newest.tooLate > newest.read / 2) this.#parts.onTooLate();
    this.#newest = { sinceMs: nowMs, read: 0, tooLate: 0 };
  }

  /** With the next place in the line, or with any time where the line is too long. */
  #overloaded(nowMs: number): FlagstreamError {
    const { shedRetryMsMin, shedRetryMsMax } = LIMITS;
    const delayMs =
      this.#line.take(nowMs, {
        earliestMs: shedRetryMsMin,
        latestMs: shedRetryMsMax,
        stepMs: this.#answerMs * ANSWERS_PER_RETURN,
      }) ?? shedRetryMsMin + (shedRetryMsMax - shedRetryMsMin) * this.#parts.random();
    // In steps, so that few errors and their texts are made.
    const steps = Math.ceil(delayMs / RETRY_STEP_MS);
    const known = this.#refusals.get(steps);
    if (known !== undefined) return known;
    const refusal = fail('OVERLOADED', 'more calls come than this node can answer in time', {
      retryAfterMs: steps * RETRY_STEP_MS,
    });
    this.#refusals.set(steps, refusal);
    return refusal;
  }
}

const RETRY_STEP_MS = 50;
const TOO_LATE = fail('TIMEOUT', 'the deadline passed before this node came to the call');

const UNIT_MS: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1_000,
  m: 1,
  u: 0.001,
  n: 0.000_001,
};

/** Of a grpc-timeout; what is none has no end. */
export function timeoutMs(text: string): number {
  const amount = Number(text.slice(0, -1));
  const unitMs = UNIT_MS[text.slice(-1)];
  return unitMs === undefined || Number.isNaN(amount) ? Number.POSITIVE_INFINITY : amount * unitMs;
}
