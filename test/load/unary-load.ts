// Unary evaluations as many independent callers send them: at the pace of their own needs, however slow the answers are
// (open loop), each with a deadline, and each keeping away for as long as a refusal asks it to.

import { type ClientHttp2Session, connect, constants } from 'node:http2';
import { setTimeout as delay } from 'node:timers/promises';
import type { FlagstreamError } from '@flagstream/protocol';
import { EvaluateRequest, EvaluationServiceService } from '@flagstream/protocol/gen/flagstream/v1/evaluation';
import { percentile } from '../bench/statistics.ts';
import { errorOf, type Headers } from './call-status.ts';
import { machineMs } from './machine-clock.ts';
import { framed } from './message-reader.ts';

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
  /** Not sent, as this process or the machine could not. */
  readonly unsent: number;
  /** Neither answered nor refused within the deadline. */
  readonly late: number;
  readonly failed: number;
  readonly firstFailure: string | undefined;
  readonly answeredPerSecond: number;
  /** Of calls that were answered in time; the deadline where none was. */
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const CONNECTIONS = 8;
const IN_FLIGHT = 128;
const CALLERS = 1_000;
const DEADLINE_MS = 1_000;
/** More than a second's worth of a server that answers nothing. */
const WAITING_MAX = 10_000;
const PACE_MS = 5;

interface Call {
  readonly sentMs: number;
  cancel(): void;
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
  readonly #sessions: readonly ClientHttp2Session[];
  readonly #body: Buffer;
  readonly #calls = new Set<Call>();
  readonly #notBeforeMs = new Float64Array(CALLERS);
  readonly #answeredMs: number[] = [];
  /** Each answer sends the next call. */
  #closedLoop: boolean;
  #offered = 0;
  #shed = 0;
  #keptAway = 0;
  #unsent = 0;
  #late = 0;
  #failed = 0;
  #firstFailure: string | undefined;

  constructor(options: UnaryLoadOptions) {
    this.#options = options;
    this.#closedLoop = options.perSecond === undefined;
    this.#body = framed(
      EvaluateRequest.encode(
        EvaluateRequest.fromPartial({ flagKey: options.flagKey, context: { targetingKey: 'user-17' } }),
      ).finish(),
    );
    this.#sessions = Array.from({ length: CONNECTIONS }, () => {
      const session = connect(`http://${options.endpoint}`, { settings: { enablePush: false } });
      session.on('error', (error: Error) => {
        this.#firstFailure ??= error.message;
      });
      return session;
    });
  }

  async run(): Promise<UnaryFigures> {
    const { perSecond, durationMs } = this.#options;
    const startedMs = machineMs();
    for (let elapsedMs = 0; elapsedMs < durationMs; elapsedMs = machineMs() - startedMs) {
      if (perSecond === undefined) while (this.#calls.size < IN_FLIGHT) this.#offer();
      else while (this.#offered < (elapsedMs / 1_000) * perSecond) this.#offer();
      this.#sweep();
      await delay(PACE_MS);
    }
    this.#closedLoop = false;
    const seconds = (machineMs() - startedMs) / 1_000;
    while (this.#calls.size > 0) {
      await delay(PACE_MS);
      this.#sweep();
    }
    const answered = this.#answeredMs;
    return {
      offered: this.#offered,
      answered: answered.length,
      shed: this.#shed,
      keptAway: this.#keptAway,
      unsent: this.#unsent,
      late: this.#late,
      failed: this.#failed,
      firstFailure: this.#firstFailure,
      answeredPerSecond: answered.length / seconds,
      p50Ms: answered.length === 0 ? DEADLINE_MS : percentile(answered, 0.5),
      p99Ms: answered.length === 0 ? DEADLINE_MS : percentile(answered, 0.99),
    };
  }

  close(): void {
    for (const session of this.#sessions) session.destroy();
  }

  #offer(): void {
    const caller = this.#offered % CALLERS;
    this.#offered += 1;
    if (this.#notBeforeMs[caller]! > machineMs()) this.#keptAway += 1;
    else if (this.#calls.size >= WAITING_MAX) this.#unsent += 1;
    else this.#send(caller);
  }

  #send(caller: number): void {
    const session = this.#sessions[caller % CONNECTIONS]!;
    if (session.destroyed || session.closed) {
      this.#unsent += 1;
      return;
    }
    const stream = session.request({
      ':method': 'POST',
      ':path': EvaluationServiceService.evaluate.path,
      'content-type': 'application/grpc',
      te: 'trailers',
      'grpc-timeout': `${DEADLINE_MS}m`,
    });
    const call: Call = {
      sentMs: machineMs(),
      cancel: () => stream.close(constants.NGHTTP2_CANCEL),
    };
    this.#calls.add(call);
    let status: Headers | undefined;
    let lostBy = 'the connection was closed';
    const heard = (headers: Headers): void => {
      if (headers['grpc-status'] !== undefined) status = headers;
    };
    stream.on('response', heard);
    stream.on('trailers', heard);
    stream.on('error', (error: Error) => {
      lostBy = error.message;
    });
    stream.on('close', () => {
      if (this.#calls.delete(call)) this.#ended(caller, call, errorOf(status, lostBy));
      if (this.#closedLoop && this.#calls.size < IN_FLIGHT) this.#offer();
    });
    stream.resume();
    stream.end(this.#body);
  }

  #ended(caller: number, { sentMs }: Call, error: FlagstreamError | undefined): void {
    const nowMs = machineMs();
    if (nowMs - sentMs > DEADLINE_MS || error?.reason === 'TIMEOUT') this.#late += 1;
    else if (error === undefined) this.#answeredMs.push(nowMs - sentMs);
    else if (error.retryAfterMs !== undefined) {
      this.#shed += 1;
      this.#notBeforeMs[caller] = nowMs + error.retryAfterMs;
    } else {
      this.#failed += 1;
      this.#firstFailure ??= error.message;
    }
  }

  /** A Set is in the order of sending. */
  #sweep(): void {
    const beforeMs = machineMs() - DEADLINE_MS;
    for (const call of this.#calls) {
      if (call.sentMs > beforeMs) return;
      this.#calls.delete(call);
      this.#late += 1;
      call.cancel();
    }
  }
}
