import { expect, it } from 'vitest';
import { FreshnessBound, UNBOUNDED_MS } from './freshness-bound.ts';
import type { Standing } from './lineage.ts';
import type { Position } from './position.ts';

const ESTIMATE_AFTER_MS = 3_000;
const at = (revision: number): Position => ({ epoch: 1, revision, hash: new Uint8Array(32) });
const reached =
  (applied: number) =>
  ({ revision }: Position): Standing =>
    revision > applied ? 'ahead' : revision === applied ? 'here' : 'behind';

it('counts from the newest moment whose place was reached, and rounds up', () => {
  const bound = new FreshnessBound(ESTIMATE_AFTER_MS);
  expect(bound.at(5)).toEqual({ stalenessMs: UNBOUNDED_MS, estimated: true });
  bound.mark(at(1), 100, true);
  bound.mark(at(2), 200, true);
  bound.mark(at(3), 300, true);
  bound.settle(reached(2));
  expect(bound.at(1_000.2)).toEqual({ stalenessMs: 801, estimated: false });
  bound.settle(reached(3));
  expect(bound.at(1_000)).toEqual({ stalenessMs: 700, estimated: false });
});

it('keeps the oldest marks for a state that never quite catches up', () => {
  const bound = new FreshnessBound(ESTIMATE_AFTER_MS);
  for (let revision = 1; revision <= 10_000; revision++) bound.mark(at(revision), revision, true);
  bound.settle(reached(100));
  expect(bound.at(10_000)).toEqual({ stalenessMs: 9_900, estimated: false });
  bound.settle(reached(10_000));
  expect(bound.at(10_000)).toEqual({ stalenessMs: 0, estimated: false });
});

it('takes nothing from a place that is not on the lineage, or not comparable', () => {
  const bound = new FreshnessBound(ESTIMATE_AFTER_MS);
  bound.mark(at(1), 100, true);
  bound.settle(() => 'foreign');
  bound.mark(at(1), 100, true);
  bound.settle(() => 'unknown');
  bound.settle(reached(1));
  expect(bound.at(200).stalenessMs).toBe(UNBOUNDED_MS);
});

it('tells an estimate only where the proof is much older', () => {
  const bound = new FreshnessBound(ESTIMATE_AFTER_MS);
  bound.mark(at(1), 100, true);
  bound.mark(at(1), 100 + ESTIMATE_AFTER_MS, false);
  bound.settle(reached(1));
  expect(bound.at(4_000)).toEqual({ stalenessMs: 3_900, estimated: false });
  bound.mark(at(1), 101 + ESTIMATE_AFTER_MS, false);
  bound.settle(reached(1));
  expect(bound.at(4_000)).toEqual({ stalenessMs: 899, estimated: true });
  bound.forget();
  expect(bound.at(4_000)).toEqual({ stalenessMs: UNBOUNDED_MS, estimated: true });
});
