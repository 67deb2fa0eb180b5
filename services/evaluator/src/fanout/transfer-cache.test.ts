import { describe, expect, it } from 'vitest';
import { entity, type MemoryLog, shopLog } from '../log.fixture.ts';
import { EvaluatorState } from '../state/evaluator-state.ts';
import { TransferCache, type TransferEffect } from './transfer-cache.ts';

const FRAME_BYTES = 262_144;
const config = (enabled: boolean) => entity.config('default', 'development', 'new-checkout', { enabled });

function served(log: MemoryLog) {
  const state = new EvaluatorState(() => log.state, {
    changed: () => undefined,
    quarantine: () => undefined,
  });
  state.replaced();
  const environment = state.environment('default', 'development')!;
  const cache = new TransferCache(() => log.state);
  const transfer = (from: number | undefined, frameBytes = FRAME_BYTES): readonly Buffer[] => {
    const effect: TransferEffect = {
      type: 'transfer',
      transferId: log.position.revision,
      kind: from === undefined ? 'full' : 'delta',
      from: from === undefined ? undefined : { epoch: 1, revision: from, hash: log.state.hashAt(from)! },
      to: log.position,
      forked: false,
    };
    return cache.frames(environment, effect, frameBytes);
  };
  const commit = (...changes: Parameters<MemoryLog['commit']>): void => {
    const { revision } = log.commit(...changes);
    state.moved([{ revision, changes }]);
  };
  return { transfer, commit };
}

describe('TransferCache', () => {
  it('encodes a transfer once for all streams', () => {
    const { transfer, commit } = served(shopLog());
    commit(config(false));
    const first = transfer(3);
    expect(first).toHaveLength(1);
    expect(transfer(3)[0]).toBe(first[0]);
    expect(transfer(undefined)[0]).toBe(transfer(undefined)[0]);
    expect(transfer(3, 16_384)[0]).not.toBe(first[0]);
  });

  it('shares a delta among streams that wait at different revisions of the same set', () => {
    const { transfer, commit } = served(shopLog());
    commit(entity.environment('default', 'production'));
    commit(entity.environment('default', 'staging'));
    commit(config(false));
    const [a, b, c] = [transfer(3), transfer(4), transfer(5)];
    expect(b[0]).toBe(a[0]);
    expect(c[0]).toBe(a[0]);
  });

  it('makes another one when the state moved on', () => {
    const { transfer, commit } = served(shopLog());
    commit(config(false));
    const before = transfer(3);
    commit(config(true));
    expect(transfer(3)[0]).not.toBe(before[0]);
  });

  it('forgets the oldest', () => {
    const { transfer, commit } = served(shopLog());
    commit(config(false));
    const first = transfer(3)[0];
    for (let i = 0; i < 40; i++) transfer(3, 20_000 + i);
    const again = transfer(3)[0];
    expect(again).not.toBe(first);
    expect(again).toEqual(first);
  });
});
