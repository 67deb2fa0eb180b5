/**
 * How many streams this process opens in a second, whoever comes. A stream that
 * comes too early waits a moment for its turn, which costs it nothing; where
 * many wait already, it is told when to come back: each another time, so that
 * the fleet of a node that ended comes as a line and not as a crowd.
 *
 * Bounded: those that wait by the time that one waits, the others by nothing
 * that is kept here. Who leaves while it waits leaves its turn to those behind
 * it: after a crowd that lost its patience comes one that must not wait for it.
 */
import { fail } from '@flagstream/protocol';
import { ReturnLine } from '@flagstream/runtime';

export interface AdmissionSettings {
  readonly streamsPerSecond: number;
  /** Longest time that a stream waits for its turn. */
  readonly holdMs: number;
  /** Longest time that one is told to stay away. */
  readonly retryAfterMsMax: number;
}

export interface AdmissionParts {
  readonly monotonicMs: () => number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/** Share of a second's streams that may come at once; the others of that second come evenly. */
const BURST_SHARE = 0.05;
/** Between two looks at those that wait: unary calls are answered in between. */
const LOOK_MS = 10;

interface Waiting {
  readonly isGone: () => boolean;
  readonly open: () => void;
}

export class StreamAdmission {
  readonly #settings: AdmissionSettings;
  readonly #monotonicMs: () => number;
  readonly #random: () => number;
  readonly #stepMs: number;
  readonly #burstMs: number;
  /** In the order in which they came. */
  #waiting: Waiting[] = [];
  /** When the turn is of the first that waits, or that comes; those of the burst lie in the past. */
  #nextMs = Number.NEGATIVE_INFINITY;
  /** When those that had left were looked for last. */
  #droppedMs = Number.NEGATIVE_INFINITY;
  readonly #away = new ReturnLine();
  #timer: NodeJS.Timeout | undefined;
  readonly #counts = { opened: 0, held: 0, refused: 0 };

  constructor(settings: AdmissionSettings, { monotonicMs, random }: AdmissionParts) {
    this.#settings = settings;
    this.#monotonicMs = monotonicMs;
    this.#random = random;
    const burst = Math.max(1, Math.floor(settings.streamsPerSecond * BURST_SHARE));
    // So that no second has more than it may, the one with the burst included.
    this.#stepMs = 1_000 / (settings.streamsPerSecond - burst);
    this.#burstMs = (burst - 1) * this.#stepMs;
  }

  /** Streams so far that opened, waited for their turn, and were told to come back. */
  get counts(): Readonly<Record<'opened' | 'held' | 'refused', number>> {
    return this.#counts;
  }

  /** Streams that wait for their turn. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /**
   * A new stream. Undefined: it may open now; otherwise it may when the promise resolves, if it is still there.
   * @param isGone whether its caller has left; it takes no turn then
   * @throws FlagstreamError OVERLOADED saying when to come back
   */
  take(isGone: () => boolean): Promise<void> | undefined {
    const nowMs = this.#monotonicMs();
    this.#nextMs = Math.max(this.#nextMs, nowMs - this.#burstMs);
    if (this.#isFull(nowMs)) this.#dropGone();
    if (this.#isFull(nowMs)) throw this.#refusal(nowMs);
    if (this.#waiting.length === 0 && this.#nextMs <= nowMs) {
      this.#nextMs += this.#stepMs;
      this.#counts.opened += 1;
      return undefined;
    }
    this.#counts.held += 1;
    return new Promise((resolve) => {
      this.#waiting.push({ isGone, open: resolve });
      this.#timer ??= setInterval(() => this.look(), LOOK_MS);
    });
  }

  /** Opens what is due. The timer calls it while somebody waits. */
  look(): void {
    const nowMs = this.#monotonicMs();
    let looked = 0;
    for (; looked < this.#waiting.length && this.#nextMs <= nowMs; looked++) {
      const { isGone, open } = this.#waiting[looked]!;
      if (!isGone()) {
        this.#nextMs += this.#stepMs;
        this.#counts.opened += 1;
      }
      open();
    }
    this.#waiting.splice(0, looked);
    if (this.#waiting.length === 0) this.close();
  }

  /** Whoever comes now would wait for too long. */
  #isFull(nowMs: number): boolean {
    return this.#nextMs + this.#waiting.length * this.#stepMs - nowMs > this.#settings.holdMs;
  }

  /** Not at each that comes: a crowd that stays would be looked through for each of a crowd that is refused. */
  #dropGone(): void {
    const nowMs = this.#monotonicMs();
    if (nowMs - this.#droppedMs < LOOK_MS) return;
    this.#droppedMs = nowMs;
    const gone = this.#waiting.filter(({ isGone }) => isGone());
    if (gone.length === 0) return;
    this.#waiting = this.#waiting.filter(({ isGone }) => !isGone());
    for (const { open } of gone) open();
  }

  /** Time over which so many clients can come at the rate that this process takes them. */
  spreadMs(clients: number): number {
    return Math.min(
      this.#settings.retryAfterMsMax,
      Math.ceil((clients * 1_000) / this.#settings.streamsPerSecond),
    );
  }

  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Turns are given away for `holdMs`: who comes back meets a line that has half gone, and leaves no turn unused. */
  #refusal(nowMs: number): Error {
    const { streamsPerSecond, holdMs, retryAfterMsMax } = this.#settings;
    this.#counts.refused += 1;
    const retryAfterMs =
      this.#away.take(nowMs, { earliestMs: holdMs / 2, latestMs: retryAfterMsMax, stepMs: this.#stepMs }) ??
      retryAfterMsMax * (0.5 + this.#random() / 2);
    return fail('OVERLOADED', `this node opens ${streamsPerSecond} streams a second, and more have come`, {
      retryAfterMs: Math.ceil(retryAfterMs),
    });
  }
}

/** A stream as its handler got it. */
interface HeldCall {
  readonly cancelled: boolean;
  readonly writableEnded: boolean;
}

/**
 * Opens a stream once its turn has come, unless its caller has left, or the process has begun to stop, meanwhile.
 * @throws FlagstreamError OVERLOADED
 */
export function inTurn(
  admission: StreamAdmission,
  call: HeldCall,
  open: () => void | Promise<void>,
): void | Promise<void> {
  const isGone = (): boolean => call.cancelled || call.writableEnded;
  const turn = admission.take(isGone);
  if (turn === undefined) return open();
  return turn.then(() => (isGone() ? undefined : open()));
}
