import { SourceState } from '@flagstream/protocol/gen/flagstream/v1/evaluation';
import { UNBOUNDED_MS } from '@flagstream/replica';
import { expect, it } from 'vitest';
import { freshnessWarning } from './evaluation-text.ts';

it.each([
  [SourceState.LIVE, 9_000, undefined],
  [SourceState.FALLBACK, 9_000, undefined],
  // NATS delivers, but who writes may be cut off from it.
  [SourceState.LIVE, 61_000, 'it may be 61 s old'],
  [SourceState.LIVE, UNBOUNDED_MS, 'it may be of unknown age'],
  [SourceState.STALE_CACHE, 9_000, 'its last good state, 9 s old'],
  [SourceState.STALE_CACHE, 600_000, 'its last good state, 10 min old'],
  [SourceState.STALE_CACHE, UNBOUNDED_MS, 'its last good state, of unknown age'],
])('warns of answers from a source %s whose age is at most %i ms', (source, stalenessMs, warning) => {
  const said = freshnessWarning({ source, stalenessMs, estimated: false });
  expect(said).toEqual(warning === undefined ? undefined : expect.stringContaining(warning));
});
