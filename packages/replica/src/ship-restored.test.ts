import { describe, expect, it } from 'vitest';
import { Bench, BY, types } from './ship-decision.fixture.ts';

describe('ShipDecision, a restored file', () => {
  const restored = { restored: true };

  it('takes no write until it has seen the stream', () => {
    const bench = new Bench(restored);
    bench.tell({ type: 'unreachable' });
    expect(bench.decision.gate).toMatchObject({ kind: 'held', detail: expect.stringContaining('restored') });
    bench.connect({ own: bench.own(8) });
    expect(bench.gate).toBe('held');
  });

  it('goes on in a new epoch once it holds what NATS holds: what was lost may have been seen', () => {
    const bench = new Bench(restored);
    // Far on: epochs that were begun after the backup may be lost, and followers are in them.
    expect(bench.connect({ own: bench.own(3) })).toMatchObject([{ type: 'begin-epoch', epoch: 1001 }]);
    expect(bench.gate).toBe('held');
    const begun = bench.tell({ type: 'epoch-begun', attempt: bench.attempt, epoch: 1001, baseRevision: 5 });
    expect(types(begun)).toEqual(['clear-restored', 'inspect']);
    expect(bench.gate).toBe('open');
  });

  it('waits for a stream that is not there: what it held is not known', () => {
    const bench = new Bench(restored);
    expect(types(bench.connect({}))).toEqual(['pause']);
    expect(bench.decision.gate).toMatchObject({
      kind: 'held',
      detail: expect.stringContaining('--without-stream'),
    });
  });

  it('goes on in a new epoch where a person said so', () => {
    const bench = new Bench(restored, { withoutStream: true });
    expect(bench.gate).toBe('held');
    expect(bench.connect({ own: bench.own(9) })).toMatchObject([{ type: 'begin-epoch', epoch: 1001 }]);
    const begun = bench.tell({ type: 'epoch-begun', attempt: bench.attempt, epoch: 1001, baseRevision: 5 });
    expect(types(begun)).toEqual(['clear-restored', 'inspect']);
    expect(types(bench.see({ epochs: [1] }))).toEqual(['create-stream']);
  });

  it('does so before its first write also while NATS is away', () => {
    const bench = new Bench(restored, { withoutStream: true });
    const ordered = bench.tell({ type: 'unreachable' });
    expect(ordered).toMatchObject([{ type: 'begin-epoch', epoch: 1001 }]);
    expect(bench.gate).toBe('held');
    const begun = bench.tell({ type: 'epoch-begun', attempt: bench.attempt, epoch: 1001, baseRevision: 5 });
    expect(types(begun)).toEqual(['clear-restored']);
    expect(bench.gate).toBe('open');
    bench.tell({ type: 'connected' });
    expect(types(bench.see({ epochs: [1] }))).toEqual(['create-stream']);
  });

  it.each([
    ['is connected', (bench: Bench) => bench.connect({ own: bench.own(3) })],
    ['is away', (bench: Bench) => bench.tell({ type: 'unreachable' })],
  ])('begins an epoch above those of the log whose place it took, while NATS %s', (_, see) => {
    const bench = new Bench({ restored: true, restoredOver: 1001 }, { withoutStream: true });
    expect(see(bench)).toMatchObject([{ type: 'begin-epoch', epoch: 2001 }]);
  });

  it('heeds that word only for a restored file', () => {
    const bench = new Bench({}, { withoutStream: true });
    expect(bench.gate).toBe('held');
    expect(types(bench.connect({ own: bench.own(9) }))).toEqual(['fold']);
  });

  it('is cleared by a take-over', () => {
    const bench = new Bench(restored);
    bench.connect({});
    bench.tell({ type: 'take-over', by: BY });
    bench.see({});
    const begun = bench.tell({ type: 'epoch-begun', attempt: bench.attempt, epoch: 2, baseRevision: 5 });
    expect(types(begun)).toEqual(['clear-restored', 'inspect']);
  });
});
