// Unary evaluations as many independent callers send them: at the pace of their own needs, however slow the answers are
// (open loop), each with a deadline, and each keeping away for as long as a refusal asks it to.

import { setTimeout as delay } from 'node:timers/promises';
import { EvaluateRequest, EvaluationServiceService } from '@flagstream/protocol/gen/flagstream/v1/evaluation';
import { percentile } from '../bench/statistics.ts';
import { machineMs } from './machine-clock.ts';
import { framed } from './message-reader.ts';
import { type CallEnd, RawCalls } from './raw-calls.ts';

export interface UnaryLoadOptions {
  readonly endpoint: string;
  readonly flagKey: string;
  readonly durationMs: number;
  /** Calls a second that are wanted; undefined: as many as are answered with `IN_FLIGHT` on their way (closed loop). */
  readonly perSecond: number | undefined;
}

export interface UnaryFigures {
  /** Calls that were wanted. */
  readonly offered: number;
  /** Answered rightly within the deadline. */
  readonly answered: number;
  /** Refused with a delay to keep. */
  readonly shed: number;
  /** Not sent, as the caller kept such a delay. */
  readonly keptAway: number;
  /** Not sent within the deadline: the server takes so many at once. */
  readonly unsent: number;
  /** Sent again, as the server had no room for their streams and had done nothing of them. */
  readonly bounced: number;
  /** Neither answered nor refused within the deadline. */
  readonly late: number;
  readonly failed: number;
  readonly firstFailure: string | undefined;
  readonly answeredPerSecond: number;
  /** Of calls that were answered in time; the deadline where none was. */
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const CONNECTIONS = 32;
const IN_FLIGHT = 128;
const CALLERS = 3_200;
const DEADLINE_MS = 1_000;
const PACE_MS = 2;
const TIMEOUT_STATUS = 4;

interface Wanted {
  readonly caller: number;
  readonly sinceMs: number;
}

export async function unaryLoad(options: UnaryLoadOptions): Promise<UnaryFigures> {
  const load = new UnaryLoad(options);
  try {
    return await load.run();
  } finally {
    load.close();
  }
}

class UnaryLoad {
  readonly #options: UnaryLoadOptions;
  readonly #lines: readonly Line[];
  readonly #notBeforeMs = new Float64Array(CALLERS);
  readonly #answeredMs: number[] = [];
  readonly #counts = { shed: 0, keptAway: 0, unsent: 0, bounced: 0, late: 0, failed: 0 };
  #offered = 0;
  #firstFailure: string | undefined;

  constructor(options: UnaryLoadOptions) {
    this.#options = options;
    this.#lines = Array.from(
      { length: CONNECTIONS },
      () =>
        new Line(options, {
          ended: (wanted, end) => this.#ended(wanted, end),
          bounced: () => {
            this.#counts.bounced += 1;
          },
          keepsAway: ({ caller }) => this.#notBeforeMs[caller]! > machineMs(),
        }),
    );
  }

  async run(): Promise<UnaryFigures> {
    const { perSecond, durationMs } = this.#options;
    const startedMs = machineMs();
    for (let elapsedMs = 0; elapsedMs < durationMs; elapsedMs = machineMs() - startedMs) {
      if (perSecond === undefined) while (this.#onTheirWay < IN_FLIGHT) this.#offer();
      else while (this.#offered < (elapsedMs / 1_000) * perSecond) this.#offer();
      for (const line of this.#lines) line.turn();
      await delay(PACE_MS);
    }
    const seconds = (machineMs() - startedMs) / 1_000;
    while (this.#onTheirWay > 0) {
      for (const line of this.#lines) line.turn();
      await delay(PACE_MS);
    }
    const answered = this.#answeredMs;
    return {
      offered: this.#offered,
      answered: answered.length,
      ...this.#counts,
      firstFailure: this.#firstFailure,
      answeredPerSecond: answered.length / seconds,
      p50Ms: answered.length === 0 ? DEADLINE_MS : percentile(answered, 0.5),
      p99Ms: answered.length === 0 ? DEADLINE_MS : percentile(answered, 0.99),
    };
  }

  close(): void {
    for (const line of this.#lines) line.close();
  }

  get #onTheirWay(): number {
    return this.#lines.reduce((sum, { size }) => sum + size, 0);
  }

  #offer(): void {
    const caller = this.#offered % CALLERS;
    this.#offered += 1;
    const nowMs = machineMs();
    if (this.#notBeforeMs[caller]! > nowMs) this.#counts.keptAway += 1;
    else this.#lines[caller % CONNECTIONS]!.want({ caller, sinceMs: nowMs });
  }

  #ended({ caller, sinceMs }: Wanted, end: LineEnd): void {
    const nowMs = machineMs();
    if ('missed' in end) this.#counts[end.missed] += 1;
    else if ('lostBy' in end) {
      this.#counts.failed += 1;
      this.#firstFailure ??= end.lostBy;
    } else if (end.status === 0) this.#answeredMs.push(nowMs - sinceMs);
    else if (end.status === TIMEOUT_STATUS) this.#counts.late += 1;
    else if (end.retryAfterMs !== undefined) {
      this.#counts.shed += 1;
      this.#notBeforeMs[caller] = nowMs + end.retryAfterMs;
    } else {
      this.#counts.failed += 1;
      this.#firstFailure ??= `status ${end.status}`;
    }
  }
}

/** How a call ended: as the server said, by the deadline, or with its connection. */
type LineEnd = CallEnd | { readonly missed: 'unsent' | 'late' | 'keptAway' } | { readonly lostBy: string };

interface LineListener {
  ended(wanted: Wanted, end: LineEnd): void;
  bounced(): void;
  /** Its caller was refused meanwhile. */
  keepsAway(wanted: Wanted): boolean;
}

/** One connection, opened again when it is lost. Calls wait here while the server takes no more at once. */
class Line {
  readonly #options: UnaryLoadOptions;
  readonly #listener: LineListener;
  readonly #waiting: Wanted[] = [];
  readonly #sent = new Map<number, Wanted>();
  #calls: RawCalls;

  constructor(options: UnaryLoadOptions, listener: LineListener) {
    this.#options = options;
    this.#listener = listener;
    this.#calls = this.#connect();
  }

  get size(): number {
    return this.#waiting.length + this.#sent.size;
  }

  want(wanted: Wanted): void {
    this.#waiting.push(wanted);
  }

  /** Sends what may be sent, and gives up what has waited for too long. */
  turn(): void {
    const beforeMs = machineMs() - DEADLINE_MS;
    while (this.#waiting.length > 0 && this.#waiting[0]!.sinceMs < beforeMs)
      this.#listener.ended(this.#waiting.shift()!, { missed: 'unsent' });
    while (this.#waiting.length > 0 && this.#calls.hasRoom) {
      const wanted = this.#waiting.shift()!;
      if (this.#listener.keepsAway(wanted)) {
        this.#listener.ended(wanted, { missed: 'keptAway' });
        continue;
      }
      this.#sent.set(this.#calls.send(wanted.sinceMs - beforeMs), wanted);
    }
    // A Map is in the order of sending.
    for (const [call, wanted] of this.#sent) {
      if (wanted.sinceMs >= beforeMs) break;
      this.#sent.delete(call);
      this.#calls.cancel(call);
      this.#listener.ended(wanted, { missed: 'late' });
    }
    this.#calls.flush();
  }

  close(): void {
    this.#calls.destroy();
  }

  #connect(): RawCalls {
    return new RawCalls({
      port: Number(this.#options.endpoint.split(':')[1]),
      path: EvaluationServiceService.evaluate.path,
      deadlineMs: DEADLINE_MS,
      body: framed(
        EvaluateRequest.encode(
          EvaluateRequest.fromPartial({
            flagKey: this.#options.flagKey,
            context: { targetingKey: 'user-17' },
          }),
        ).finish(),
      ),
      ended: (call, end) => {
        const wanted = this.#sent.get(call);
        if (!this.#sent.delete(call)) return;
        this.#listener.ended(wanted!, end);
      },
      refused: (call) => {
        const wanted = this.#sent.get(call);
        if (!this.#sent.delete(call)) return;
        this.#listener.bounced();
        this.#waiting.unshift(wanted!);
      },
      closed: (why) => {
        const lost = [...this.#sent.values()];
        this.#sent.clear();
        for (const wanted of lost) this.#listener.ended(wanted, { lostBy: why });
        this.#calls = this.#connect();
      },
    });
  }
}
