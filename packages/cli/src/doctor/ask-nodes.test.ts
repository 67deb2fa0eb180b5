import { fail } from '@flagstream/protocol';
import { SourceState } from '@flagstream/protocol/gen/flagstream/v1/evaluation';
import type { HeadBeacon } from '@flagstream/replica';
import { describe, expect, it } from 'vitest';
import { failedRow, freshnessOf } from './ask-nodes.ts';

const head: HeadBeacon = {
  logId: 'main',
  epoch: 2,
  stream: 'S',
  baseRevision: 0,
  headRevision: 12,
  headHash: new Uint8Array(32),
  stateDigest: new Uint8Array(16),
  minReader: 1,
  controlPlaneId: 'cp',
  bootId: 'b',
};
const word = (source: SourceState, stalenessMs: number, revision = 12n) => ({
  epoch: 2,
  revision,
  freshness: { source, stalenessMs, estimated: false },
});

describe('freshnessOf', () => {
  it.each([
    ['follows', word(SourceState.LIVE, 900), 'ok', 'revision e2.12, at most 900 ms stale, LIVE'],
    ['is behind', word(SourceState.LIVE, 900, 9n), 'ok', 'revision e2.9, 3 behind the control plane'],
    ['has not heard for long', word(SourceState.LIVE, 2_501), 'warn', 'at most 2501 ms stale'],
    ['follows the control plane', word(SourceState.FALLBACK, 900), 'warn', 'FALLBACK'],
    ['serves what it had', word(SourceState.STALE_CACHE, 900), 'warn', 'STALE_CACHE'],
    ['has heard of no head', word(SourceState.STALE_CACHE, 0xffff_ffff), 'warn', 'e2.12, of unknown age'],
    ['cannot read on', word(SourceState.FROZEN, 900), 'fail', 'FROZEN'],
    ['holds another log', word(SourceState.DIVERGED, 900), 'fail', 'DIVERGED'],
    ['says nothing', { epoch: 2, revision: 12n, freshness: undefined }, 'warn', 'of unknown age'],
  ])('of one that %s', (_, answer, verdict, detail) => {
    expect(freshnessOf(answer, head)).toEqual({ verdict, detail: expect.stringContaining(detail) });
  });

  it('does without a control plane', () => {
    expect(freshnessOf(word(SourceState.LIVE, 0, 9n), undefined).detail).toBe(
      'revision e2.9, at most 0 ms stale, LIVE',
    );
  });
});

describe('failedRow', () => {
  const place = { part: 'control plane localhost:8010', check: 'head' };

  it.each([
    ['LOG_FORKED', 'take over'],
    ['REVISIONS_MISSING', 'Restore a newer backup'],
    ['LOG_CORRUPT', 'Restore a backup'],
    ['WRITES_HELD', 'flagstream log status'],
  ] as const)('says what to do about %s', (reason, next) => {
    expect(failedRow(place, fail(reason, 'so it is'))).toEqual({
      ...place,
      verdict: 'fail',
      detail: expect.stringMatching(new RegExp(`^so it is\\. .*${next}`)),
    });
  });

  it('tells who was not reached from who refused', () => {
    expect(failedRow(place, fail('UNREACHABLE', 'nobody'))).toMatchObject({ unreachable: true });
  });
});
