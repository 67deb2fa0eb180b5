import { describe, expect, it } from 'vitest';
import { ShipDecision, type ShipEffect, type StreamView } from './ship-decision.ts';

const ours = (lastSeq: number): StreamView => ({ kind: 'found', lastSeq, tail: 'ours' });

/** A decision that has compared itself with a stream; answers it and the attempt that counts. */
function shipping(headSeq: number, stream: StreamView, pipelineMax = 3) {
  const decision = new ShipDecision({ headSeq, pipelineMax });
  const attempt = attemptOf(decision.handle({ type: 'connected' }));
  const effects = decision.handle({ type: 'inspected', attempt, stream });
  return { decision, attempt, effects };
}

function attemptOf(effects: readonly ShipEffect[]): number {
  const effect = effects[0];
  if (effect === undefined || !('attempt' in effect)) throw new Error('nothing is attempted');
  return effect.attempt;
}

const sent = (effects: readonly ShipEffect[]): number[] =>
  effects.flatMap((effect) => (effect.type === 'send' ? [effect.seq] : []));

describe('ShipDecision', () => {
  it('compares before it sends, then sends in order, bounded in flight', () => {
    const { decision, attempt, effects } = shipping(10, ours(4));
    expect(sent(effects)).toEqual([5, 6, 7]);
    expect(decision.pending).toBe(6);
    expect(sent(decision.handle({ type: 'appended', attempt, seq: 5 }))).toEqual([8]);
    expect(sent(decision.handle({ type: 'committed', headSeq: 11 }))).toEqual([]);
    expect(sent(decision.handle({ type: 'appended', attempt, seq: 6 }))).toEqual([9]);
    for (const seq of [7, 8, 9, 10, 11]) decision.handle({ type: 'appended', attempt, seq });
    expect(decision.pending).toBe(0);
    expect(sent(decision.handle({ type: 'committed', headSeq: 12 }))).toEqual([12]);
  });

  it('sends nothing while NATS is away, and compares again afterwards', () => {
    const { decision, attempt } = shipping(2, ours(2));
    decision.handle({ type: 'disconnected' });
    expect(decision.handle({ type: 'committed', headSeq: 3 })).toEqual([]);
    expect(decision.handle({ type: 'appended', attempt, seq: 3 })).toEqual([]);
    expect(decision.phase).toBe('down');
    const again = attemptOf(decision.handle({ type: 'connected' }));
    expect(sent(decision.handle({ type: 'inspected', attempt: again, stream: ours(2) }))).toEqual([3]);
  });

  it('ships again what a stream has lost, from where it ends', () => {
    const { decision } = shipping(5, ours(5));
    const attempt = attemptOf(decision.handle({ type: 'connected' }));
    expect(sent(decision.handle({ type: 'inspected', attempt, stream: ours(3) }))).toEqual([4, 5]);
  });

  it('makes a stream that is not there and ships from the base', () => {
    const { decision, attempt, effects } = shipping(2, { kind: 'missing' });
    expect(effects).toEqual([{ type: 'create-stream', attempt }]);
    const again = attemptOf(decision.handle({ type: 'retry', attempt }));
    expect(sent(decision.handle({ type: 'inspected', attempt: again, stream: ours(0) }))).toEqual([1, 2]);
  });

  it('looks again after a lost answer, and takes its own late copy for success', () => {
    const { decision, attempt } = shipping(3, ours(1));
    const pause = decision.handle({ type: 'append-failed', attempt, detail: 'timeout' });
    expect(pause).toEqual([{ type: 'pause', attempt: attempt + 1, detail: 'timeout' }]);
    // The answer of the other append in flight no longer counts.
    expect(decision.handle({ type: 'appended', attempt, seq: 3 })).toEqual([]);
    const again = attemptOf(decision.handle({ type: 'retry', attempt: attempt + 1 }));
    expect(sent(decision.handle({ type: 'inspected', attempt: again, stream: ours(2) }))).toEqual([3]);
    // The late copy lands between: the append conflicts, the bytes are ours.
    const third = attemptOf(decision.handle({ type: 'conflicted', attempt: again }));
    expect(decision.handle({ type: 'inspected', attempt: third, stream: ours(3) })).toEqual([]);
    expect(decision.pending).toBe(0);
  });

  it.each<[string, StreamView]>([
    ['other bytes at a known place', { kind: 'found', lastSeq: 2, tail: 'other' }],
    ['a stream that is ahead of the log', ours(6)],
  ])('stops for good at %s', (_, stream) => {
    const { decision, effects } = shipping(5, stream);
    expect(effects).toEqual([{ type: 'forked', detail: expect.any(String) }]);
    expect(decision.handle({ type: 'connected' })).toEqual([]);
    expect(decision.handle({ type: 'committed', headSeq: 9 })).toEqual([]);
    expect(decision.phase).toBe('forked');
  });

  it('waits where it cannot compare', () => {
    const { decision, effects } = shipping(5, { kind: 'found', lastSeq: 2, tail: 'gone' });
    expect(effects).toEqual([expect.objectContaining({ type: 'pause' })]);
    const again = attemptOf(decision.handle({ type: 'retry', attempt: attemptOf(effects) }));
    const failed = decision.handle({ type: 'inspection-failed', attempt: again, detail: 'timeout' });
    expect(failed).toEqual([expect.objectContaining({ type: 'pause', detail: 'timeout' })]);
    expect(decision.pending).toBe(5);
  });
});
