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
    expect(types(begun)).toEqual(['inspect']);
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
    expect(types(begun)).toEqual(['inspect']);
    expect(types(bench.see({ epochs: [1] }))).toEqual(['create-stream']);
  });

  it('does so before its first write also while NATS is away', () => {
    const bench = new Bench(restored, { withoutStream: true });
    const ordered = bench.tell({ type: 'unreachable' });
    expect(ordered).toMatchObject([{ type: 'begin-epoch', epoch: 1001 }]);
    expect(bench.gate).toBe('held');
    const begun = bench.tell({ type: 'epoch-begun', attempt: bench.attempt, epoch: 1001, baseRevision: 5 });
    expect(begun).toEqual([]);
    expect(bench.gate).toBe('open');
    bench.tell({ type: 'connected' });
    expect(types(bench.see({ epochs: [1] }))).toEqual(['create-stream']);
  });

  describe('that goes on without the stream, while NATS is connected and does not answer', () => {
    function waiting(): Bench {
      const bench = new Bench(restored, { withoutStream: true });
      bench.tell({ type: 'connected' });
      expect(bench.tell({ type: 'unreachable' })).toEqual([]);
      expect(bench.gate).toBe('held');
      return bench;
    }

    it('heeds an answer that comes late: it tells which epochs there are', () => {
      const bench = waiting();
      expect(bench.see({ epochs: [1, 5001] })).toMatchObject([{ type: 'begin-epoch', epoch: 6001 }]);
    });

    it('goes on when that look fails', () => {
      expect(waiting().fail()).toMatchObject([{ type: 'begin-epoch', epoch: 1001 }]);
    });

    it('goes on when the connection ends', () => {
      expect(waiting().tell({ type: 'disconnected' })).toMatchObject([{ type: 'begin-epoch', epoch: 1001 }]);
    });

    it('tries again after a pause when the disk does not take the GENESIS', () => {
      const bench = waiting();
      bench.fail();
      expect(types(bench.fail('the disk is full'))).toEqual(['pause']);
      expect(types(bench.answer('retry'))).toEqual(['inspect']);
      expect(types(bench.fail())).toEqual(['begin-epoch']);
    });

    it('does not forget what an answer told when the disk does not take the GENESIS', () => {
      const bench = waiting();
      bench.see({ epochs: [1, 5001] });
      expect(types(bench.fail('the disk is full'))).toEqual(['pause']);
      bench.answer('retry');
      expect(bench.see({ epochs: [1, 5001] })).toMatchObject([{ type: 'begin-epoch', epoch: 6001 }]);
    });
  });

  it('pauses between looks that fail before NATS was waited for', () => {
    const bench = new Bench(restored, { withoutStream: true });
    bench.tell({ type: 'connected' });
    expect(types(bench.fail())).toEqual(['pause']);
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
    expect(types(begun)).toEqual(['inspect']);
  });
});
