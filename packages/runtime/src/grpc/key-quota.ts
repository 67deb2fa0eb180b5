/**
 * How much one API key may ask of one process: calls by a token bucket, one with
 * much work as several, streams by number. A key that leaked, or a client that loops, then costs its own
 * holders and nobody else.
 */
import { fail, LIMITS } from '@flagstream/protocol';

export interface QuotaLimits {
  readonly callsPerSecond: number;
  /** Calls at once after a pause. */
  readonly burstCalls: number;
  readonly streams: number;
}

export const QUOTA: QuotaLimits = {
  callsPerSecond: LIMITS.keyCallsPerSecondMax,
  burstCalls: LIMITS.keyCallsBurstMax,
  streams: LIMITS.keyStreamsMax,
};

interface Account {
  calls: number;
  filledMs: number;
  streams: number;
}

/** An account that is full and has no stream says nothing: it is forgotten when there are more than these. */
const ACCOUNTS_KEPT = 10_000;

export class KeyQuota {
  readonly #limits: QuotaLimits;
  readonly #monotonicMs: () => number;
  readonly #accounts = new Map<string, Account>();

  constructor(limits: QuotaLimits, monotonicMs: () => number) {
    this.#limits = limits;
    this.#monotonicMs = monotonicMs;
  }

  /**
   * One call, or one with as much work as so many. More than the burst are as many as the burst: else they would
   * never be let in.
   * @throws FlagstreamError OVERLOADED saying when to try again
   */
  takeCalls(keyId: string, asked = 1): void {
    const { callsPerSecond, burstCalls } = this.#limits;
    const calls = Math.min(asked, burstCalls);
    const account = this.#filled(keyId);
    if (account.calls < calls) {
      const retryAfterMs = Math.max(1, Math.ceil(((calls - account.calls) * 1_000) / callsPerSecond));
      throw fail(
        'OVERLOADED',
        `this key makes more than ${callsPerSecond} calls a second here, or calls with as much work`,
        {
          retryAfterMs,
        },
      );
    }
    account.calls -= calls;
  }

  /**
   * One more stream; returns what is called once it has ended.
   * @param most by default the limit of a key
   * @throws FlagstreamError OVERLOADED
   */
  openStream(keyId: string, most: number = this.#limits.streams): () => void {
    const account = this.#filled(keyId);
    if (account.streams >= most)
      throw fail('OVERLOADED', `this key has ${account.streams} streams open here, as many as it may`, {
        retryAfterMs: 1_000,
      });
    account.streams += 1;
    return () => {
      account.streams -= 1;
    };
  }

  #filled(keyId: string): Account {
    const { callsPerSecond, burstCalls } = this.#limits;
    const nowMs = this.#monotonicMs();
    let account = this.#accounts.get(keyId);
    if (account === undefined) {
      if (this.#accounts.size >= ACCOUNTS_KEPT) this.#forget();
      account = { calls: burstCalls, filledMs: nowMs, streams: 0 };
      this.#accounts.set(keyId, account);
    }
    account.calls = Math.min(
      burstCalls,
      account.calls + ((nowMs - account.filledMs) * callsPerSecond) / 1_000,
    );
    account.filledMs = nowMs;
    return account;
  }

  /** Idle keys are full again soon: without an account they stand as they did with one. */
  #forget(): void {
    for (const [keyId, { streams }] of this.#accounts) if (streams === 0) this.#accounts.delete(keyId);
  }
}
