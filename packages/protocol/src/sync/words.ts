/**
 * Enums of the push protocol: the wire's numbers and our words. A number that
 * this release does not know reads as the harmless word of its table.
 */

import type { NackCode, SourceState, StreamErrorCode } from '@flagstream/replica';
import { SourceState as WireSourceState } from '../gen/flagstream/v1/evaluation.ts';
import {
  Intent as WireIntent,
  NackCode as WireNackCode,
  StreamErrorCode as WireStreamErrorCode,
} from '../gen/flagstream/v1/stream.ts';

/** Two-way table between a wire enum's numbers and our words. */
class Words<W extends string> {
  readonly #toWord: ReadonlyMap<number, W>;
  readonly #toWire: ReadonlyMap<W, number>;
  readonly #fallback: W;

  constructor(pairs: Readonly<Record<W, number>>, fallback: W) {
    const entries = Object.entries(pairs) as [W, number][];
    this.#toWord = new Map(entries.map(([word, wire]) => [wire, word]));
    this.#toWire = new Map(entries);
    this.#fallback = fallback;
  }

  word(wire: number): W {
    return this.#toWord.get(wire) ?? this.#fallback;
  }

  wire<N extends number>(word: W): N {
    return this.#toWire.get(word) as N;
  }
}

export const SOURCES: Words<SourceState> = new Words<SourceState>(
  {
    live: WireSourceState.LIVE,
    fallback: WireSourceState.FALLBACK,
    'stale-cache': WireSourceState.STALE_CACHE,
    frozen: WireSourceState.FROZEN,
    diverged: WireSourceState.DIVERGED,
  },
  'stale-cache',
);
export const NACKS: Words<NackCode> = new Words<NackCode>(
  {
    'digest-mismatch': WireNackCode.DIGEST_MISMATCH,
    decode: WireNackCode.DECODE,
    unsupported: WireNackCode.UNSUPPORTED,
    apply: WireNackCode.APPLY,
    'too-large': WireNackCode.TOO_LARGE,
    'epoch-regression': WireNackCode.EPOCH_REGRESSION,
  },
  'unsupported',
);
export const STREAM_ERRORS: Words<StreamErrorCode> = new Words<StreamErrorCode>(
  {
    behind: WireStreamErrorCode.BEHIND,
    overloaded: WireStreamErrorCode.OVERLOADED,
    protocol: WireStreamErrorCode.PROTOCOL,
    'not-ready': WireStreamErrorCode.NOT_READY,
    unauthenticated: WireStreamErrorCode.UNAUTHENTICATED,
  },
  'protocol',
);
export const INTENTS: Words<'none' | 'delta' | 'full'> = new Words<'none' | 'delta' | 'full'>(
  { none: WireIntent.NONE, delta: WireIntent.DELTA, full: WireIntent.FULL },
  'full',
);
