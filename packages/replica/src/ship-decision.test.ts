import { describe, expect, it } from 'vitest';
import { Bench, BY, types } from './ship-decision.fixture.ts';
import type { NatsView, ShipEffect, ShipLog } from './ship-frames.ts';

/** Compared with a stream that ends at `lastSeq`. */
function shipping(lastSeq = 5, log: Partial<ShipLog> = {}): Bench {
  const bench = new Bench(log);
  bench.connect({ own: bench.own(lastSeq) });
  return bench;
}

const sent = (effects: readonly ShipEffect[]): number[] =>
  effects.flatMap((effect) => (effect.type === 'send' ? [effect.seq] : []));

describe('ShipDecision, shipping', () => {
  it('compares before it sends, then sends in order, bounded in flight', () => {
    const bench = new Bench();
    expect(types(bench.tell({ type: 'connected' }))).toEqual(['inspect']);
    expect(sent(bench.see({ own: bench.own(1) }))).toEqual([2, 3, 4]);
    expect(bench.decision.pending).toBe(4);
    expect(sent(bench.appended(2))).toEqual([5]);
    expect(sent(bench.commit())).toEqual([]);
    expect(sent(bench.appended(3))).toEqual([6]);
    for (const seq of [4, 5, 6]) bench.appended(seq);
    expect(bench.decision.pending).toBe(0);
    expect(sent(bench.commit())).toEqual([7]);
  });

  it('sends nothing while NATS is away, and compares again afterwards', () => {
    const bench = shipping();
    bench.tell({ type: 'disconnected' });
    expect(bench.commit()).toEqual([]);
    expect(bench.appended(6)).toEqual([]);
    expect(bench.decision.phase).toBe('down');
    expect(bench.gate).toBe('open');
    expect(sent(bench.connect({ own: bench.own(5) }))).toEqual([6]);
  });

  it('ships again what the stream has lost, from where it ends', () => {
    const bench = shipping();
    expect(sent(bench.connect({ own: bench.own(3), missingBytes: 1000 }))).toEqual([4, 5]);
  });

  it('looks again after a lost answer, and takes its own late copy for success', () => {
    const bench = shipping(3);
    const { attempt } = bench;
    const pause = bench.tell({ type: 'append-failed', attempt, detail: 'timeout' });
    expect(pause).toEqual([{ type: 'pause', attempt: attempt + 1, detail: 'timeout' }]);
    // The answer of the other append in flight no longer counts.
    expect(bench.tell({ type: 'appended', attempt, seq: 5 })).toEqual([]);
    bench.answer('retry');
    expect(sent(bench.see({ own: bench.own(4) }))).toEqual([5]);
    // The late copy lands between: the append conflicts, the bytes are ours.
    bench.answer('conflicted');
    expect(bench.see({ own: bench.own(5) })).toEqual([]);
    expect(bench.decision.pending).toBe(0);
  });

  it('takes nothing as shipped after a conflict before it has compared', () => {
    const bench = shipping();
    bench.commit();
    const pending = bench.decision.pending;
    expect(types(bench.answer('conflicted'))).toEqual(['inspect']);
    expect(bench.decision.pending).toBe(pending);
  });

  it('stops over a record that follows ours once the stream was found in order, though nothing was written', () => {
    const bench = shipping();
    bench.tell({ type: 'disconnected' });
    expect(bench.connect({ own: bench.own(6) })).toMatchObject([{ type: 'stop', code: 'forked' }]);
  });

  it('looks at a stream that nothing is written to, and not while something is on its way', () => {
    const bench = shipping();
    expect(types(bench.tell({ type: 'look' }))).toEqual(['inspect']);
    bench.see({ own: bench.own(5) });
    bench.commit();
    expect(bench.tell({ type: 'look' })).toEqual([]);
  });

  it('compares again when both grew between looking and judging', () => {
    const bench = shipping();
    bench.tell({ type: 'look' });
    const own = { ...bench.own(6), tailSeq: 5 };
    bench.commit();
    expect(types(bench.see({ own }))).toEqual(['inspect']);
    expect(types(bench.see({ own: bench.own(6, 'other') }))).toEqual(['stop']);
  });

  it('tries again what could not be carried out', () => {
    const bench = new Bench();
    bench.tell({ type: 'connected' });
    expect(types(bench.fail())).toEqual(['pause']);
    expect(types(bench.answer('retry'))).toEqual(['inspect']);
  });
});

describe('ShipDecision, writes at the start', () => {
  it('holds them until the first comparison', () => {
    const bench = new Bench();
    expect(bench.gate).toBe('held');
    bench.connect({ own: bench.own(5) });
    expect(bench.gate).toBe('open');
  });

  it('takes them when NATS does not answer, and goes on from there', () => {
    const bench = new Bench();
    bench.tell({ type: 'unreachable' });
    expect(bench.gate).toBe('open');
    expect(bench.decision.announced).toBe(false);
    bench.commit();
    expect(sent(bench.connect({ own: bench.own(5) }))).toEqual([6]);
    expect(bench.decision.announced).toBe(true);
  });

  it('goes on holding them once it knows that NATS holds more', () => {
    const bench = new Bench();
    bench.connect({ own: bench.own(9) });
    bench.tell({ type: 'disconnected' });
    bench.tell({ type: 'unreachable' });
    expect(bench.gate).toBe('held');
  });
});

describe('ShipDecision, a log that NATS does not have', () => {
  it('makes the stream and ships an epoch that never arrived', () => {
    const bench = new Bench({ shippedEpoch: 0, announcedEpoch: 0 });
    expect(types(bench.connect({ missingBytes: 1000 }))).toEqual(['create-stream']);
    expect(bench.gate).toBe('open');
    expect(types(bench.answer('stream-created'))).toEqual(['inspect']);
    expect(sent(bench.see({ own: bench.own(0) }))).toEqual([1, 2, 3]);
    expect(bench.decision.announced).toBe(false);
    expect(types(bench.appended(1))).toEqual(['note-shipped', 'announce', 'send']);
    expect(bench.decision.announced).toBe(true);
    expect(types(bench.appended(2))).toEqual(['send']);
  });

  it('notes an epoch that had arrived before it could be noted', () => {
    const bench = new Bench({ shippedEpoch: 0, announcedEpoch: 0 });
    expect(types(bench.connect({ own: bench.own(5) }))).toEqual(['note-shipped', 'announce']);
  });

  it('begins an epoch instead of shipping more than the window holds', () => {
    const bench = new Bench({ shippedEpoch: 0 });
    expect(bench.connect({ missingBytes: 1001 })).toMatchObject([{ type: 'begin-epoch', epoch: 2 }]);
    const rewound = new Bench();
    expect(rewound.connect({ own: rewound.own(1), missingBytes: 1001 })).toMatchObject([
      { type: 'begin-epoch', epoch: 2, reason: expect.stringContaining('1001 bytes'), by: undefined },
    ]);
  });

  it.each<[string, (bench: Bench) => Partial<NatsView>]>([
    ['is gone', () => ({})],
    ['was made anew by somebody', (bench) => ({ own: bench.own(0, 'gone') })],
    ['was purged', (bench) => ({ own: bench.own(5, 'gone', 6) })],
  ])('begins an epoch when a stream that was there %s', (_, nats) => {
    const bench = shipping();
    bench.tell({ type: 'look' });
    expect(bench.see(nats(bench))).toMatchObject([{ type: 'begin-epoch', epoch: 2 }]);
  });

  it('takes a stream for damaged when its newest record stays unreadable, not before', () => {
    const bench = shipping();
    bench.tell({ type: 'look' });
    for (let look = 1; look < 3; look += 1) {
      expect(types(bench.see({ own: bench.own(5, 'gone') }))).toEqual(['pause']);
      bench.answer('retry');
    }
    expect(types(bench.see({ own: bench.own(5, 'gone') }))).toEqual(['begin-epoch']);
  });
});

describe('ShipDecision, a new epoch', () => {
  /** NATS lost the stream at revision 5; the GENESIS of epoch 2 is revision 6. */
  function reseeding(): Bench {
    const bench = shipping();
    bench.tell({ type: 'look' });
    bench.see({ epochs: [] });
    bench.tell({ type: 'epoch-begun', attempt: bench.attempt, epoch: 2, baseRevision: 5 });
    bench.base = 5;
    bench.head = 6;
    return bench;
  }

  it('goes from GENESIS to stream to snapshot, and is told of only then', () => {
    const bench = reseeding();
    expect(bench.gate).toBe('open');
    expect(types(bench.see({}))).toEqual(['create-stream']);
    bench.answer('stream-created');
    expect(bench.see({ own: bench.own(0) })).toMatchObject([{ type: 'send', epoch: 2, seq: 1, revision: 6 }]);
    // A snapshot that came before GENESIS did, because it was due anyway.
    expect(bench.tell({ type: 'snapshot-put', epoch: 2 })).toEqual([]);
    expect(types(bench.appended(1))).toEqual(['note-shipped', 'put-snapshot']);
    expect(bench.decision.announced).toBe(false);
    // Not even what was shipped counts before the snapshot is there: the stream begins in the middle.
    expect(bench.decision.pending).toBe(6);
    expect(sent(bench.commit())).toEqual([2]);
    expect(bench.appended(2)).toEqual([]);
    expect(bench.tell({ type: 'snapshot-put', epoch: 1 })).toEqual([]);
    expect(bench.tell({ type: 'snapshot-put', epoch: 2 })).toEqual([{ type: 'announce', epoch: 2 }]);
    expect(bench.decision.announced).toBe(true);
    expect(bench.decision.pending).toBe(0);
    expect(bench.tell({ type: 'snapshot-put', epoch: 2 })).toEqual([]);
  });

  it('has a number above all that NATS knows', () => {
    const bench = shipping();
    bench.tell({ type: 'take-over', by: BY });
    expect(bench.see({ epochs: [1, 2, 7] })).toMatchObject([{ type: 'begin-epoch', epoch: 8, by: BY }]);
  });

  it.each<[string, Partial<ShipLog>, (bench: Bench) => Partial<NatsView>, string[]]>([
    ['before the stream was made', { shippedEpoch: 1 }, () => ({ epochs: [1] }), ['create-stream']],
    ['before GENESIS was shipped', { shippedEpoch: 1 }, (bench) => ({ own: bench.own(0) }), ['send']],
    [
      'before it was noted that GENESIS was shipped',
      { shippedEpoch: 1 },
      (bench) => ({ own: bench.own(1) }),
      ['note-shipped', 'put-snapshot'],
    ],
    ['before the snapshot', { shippedEpoch: 2 }, (bench) => ({ own: bench.own(1) }), ['put-snapshot']],
  ])('is finished, not replaced, after a crash %s', (_, log, nats, expected) => {
    const bench = new Bench({ epoch: 2, baseRevision: 5, headRevision: 6, ...log });
    bench.base = 5;
    expect(types(bench.connect(nats(bench)))).toEqual(expected);
    expect(bench.decision.announced).toBe(false);
  });

  it('is followed by another one when NATS loses that as well', () => {
    const bench = new Bench({ epoch: 2, baseRevision: 5, headRevision: 6, shippedEpoch: 2 });
    expect(bench.connect({ epochs: [1] })).toMatchObject([{ type: 'begin-epoch', epoch: 3 }]);
  });

  it('is tried again when the disk did not take GENESIS', () => {
    const bench = shipping();
    bench.tell({ type: 'look' });
    bench.see({});
    expect(types(bench.fail('the disk is full'))).toEqual(['pause']);
    bench.answer('retry');
    expect(types(bench.see({}))).toEqual(['begin-epoch']);
  });

  it('makes a record that is not ours another writer’s', () => {
    const bench = reseeding();
    expect(bench.see({ epochs: [2], own: bench.own(2) })).toMatchObject([{ type: 'stop', code: 'forked' }]);
  });
});

describe('ShipDecision, a stream that goes on after our head', () => {
  it('takes in what continues our log, then writes', () => {
    const bench = new Bench({ shippedEpoch: 0, announcedEpoch: 1 });
    expect(bench.connect({ own: bench.own(9) })).toMatchObject([
      { type: 'fold', epoch: 1, fromSeq: 6, toSeq: 9 },
    ]);
    expect(bench.gate).toBe('held');
    bench.head = 9;
    bench.tell({ type: 'adopted', epoch: 1, baseRevision: 0, headRevision: 9 });
    expect(types(bench.answer('folded'))).toEqual(['inspect']);
    expect(types(bench.see({ own: bench.own(9) }))).toEqual(['note-shipped']);
    expect(bench.gate).toBe('open');
    expect(sent(bench.commit())).toEqual([10]);
  });

  it('remembers what was taken in before NATS went away', () => {
    const bench = new Bench();
    bench.connect({ own: bench.own(9) });
    bench.tell({ type: 'disconnected' });
    bench.head = 7;
    bench.tell({ type: 'adopted', epoch: 1, baseRevision: 0, headRevision: 7 });
    expect(bench.answer('folded')).toEqual([]);
    expect(bench.connect({ own: bench.own(9) })).toMatchObject([{ type: 'fold', fromSeq: 8, toSeq: 9 }]);
  });

  it('goes over into later epochs', () => {
    const bench = new Bench();
    bench.connect({ own: bench.own(7), epochs: [1, 2] });
    bench.head = 7;
    bench.tell({ type: 'adopted', epoch: 1, baseRevision: 0, headRevision: 7 });
    bench.answer('folded');
    const next = { epoch: 2, firstSeq: 1, lastSeq: 3, baseRevision: 7 };
    expect(bench.see({ own: bench.own(7), next })).toMatchObject([
      { type: 'fold', epoch: 2, fromSeq: 1, toSeq: 3 },
    ]);
    bench.tell({ type: 'adopted', epoch: 2, baseRevision: 7, headRevision: 10 });
    bench.answer('folded');
    bench.base = 7;
    bench.head = 10;
    expect(types(bench.see({ own: bench.own(3) }))).toEqual(['note-shipped', 'put-snapshot']);
    expect(bench.decision.epoch).toBe(2);
  });

  it('refuses writes when revisions between are missing, and says how many', () => {
    const bench = new Bench();
    expect(bench.connect({ own: bench.own(90, 'gone', 16) })).toEqual([
      { type: 'stop', code: 'gap', detail: expect.stringContaining('10 revisions') },
    ]);
    expect(bench.decision.gate).toMatchObject({ kind: 'refused', code: 'gap' });
  });

  it.each<[string, NonNullable<NatsView['next']>, number]>([
    ['the epoch begins later', { epoch: 2, firstSeq: 1, lastSeq: 3, baseRevision: 8 }, 3],
    ['its first records have fallen out', { epoch: 2, firstSeq: 3, lastSeq: 4, baseRevision: 5 }, 2],
    ['it holds nothing any more', { epoch: 2, firstSeq: 5, lastSeq: 4, baseRevision: undefined }, 4],
  ])('refuses writes when a later epoch cannot be reached: %s', (_, next, missing) => {
    expect(new Bench().connect({ epochs: [2], next })).toMatchObject([
      { type: 'stop', code: 'gap', detail: expect.stringContaining(`${missing} revisions`) },
    ]);
  });

  it('takes in what begins right after its head, though nothing can be compared', () => {
    const bench = new Bench();
    expect(types(bench.connect({ own: bench.own(9, 'gone', 6) }))).toEqual(['fold']);
    expect(bench.tell({ type: 'foreign', attempt: bench.attempt, detail: 'x' })).toEqual([
      { type: 'stop', code: 'forked', detail: 'x' },
    ]);
  });

  it('stays before what only a newer release may read, until a person takes over', () => {
    const bench = new Bench();
    expect(types(bench.connect({ own: bench.own(9, 'gone', 6) }))).toEqual(['fold']);
    expect(bench.tell({ type: 'too-new', attempt: bench.attempt, detail: 'x' })).toEqual([
      { type: 'stop', code: 'too-new', detail: 'x' },
    ]);
    expect(bench.decision.gate).toEqual({ kind: 'refused', code: 'too-new', detail: 'x' });
    expect(bench.tell({ type: 'connected' })).toEqual([]);
  });

  it('begins an epoch above one that was begun and never shipped', () => {
    const bench = new Bench();
    const next = { epoch: 2, firstSeq: 0, lastSeq: 0, baseRevision: undefined };
    expect(bench.connect({ own: bench.own(5), epochs: [1, 2], next })).toMatchObject([
      { type: 'begin-epoch', epoch: 3 },
    ]);
  });
});

describe('ShipDecision, another writer', () => {
  const next = { epoch: 2, firstSeq: 1, lastSeq: 1, baseRevision: 5 };

  it.each<[string, (bench: Bench) => Partial<NatsView>]>([
    ['other bytes at a known place', (bench) => ({ own: bench.own(4, 'other') })],
    ['a longer stream with other bytes', (bench) => ({ own: bench.own(8, 'other') })],
    ['a later epoch that begins before our head', () => ({ next: { ...next, baseRevision: 4 } })],
  ])('stops for good at %s', (_, nats) => {
    const bench = new Bench();
    expect(bench.connect(nats(bench))).toMatchObject([{ type: 'stop', code: 'forked' }]);
    expect(bench.decision.phase).toBe('stopped');
    expect(bench.decision.gate).toMatchObject({ kind: 'refused', code: 'forked' });
    expect(bench.decision.announced).toBe(false);
    for (const type of ['connected', 'look', 'unreachable', 'disconnected'] as const)
      expect(bench.tell({ type })).toEqual([]);
    expect(bench.answer('retry')).toEqual([]);
    expect(bench.tell({ type: 'snapshot-put', epoch: 1 })).toEqual([]);
    expect(bench.decision.phase).toBe('stopped');
  });

  it.each<[string, (bench: Bench) => Partial<NatsView>]>([
    ['records that it did not ship', (bench) => ({ own: bench.own(7) })],
    [
      'an epoch that it did not begin',
      (bench) => ({ own: bench.own(6), next: { ...next, baseRevision: 6 } }),
    ],
  ])('stops at %s once it has written itself', (_, nats) => {
    const bench = shipping();
    bench.commit();
    bench.appended(6);
    bench.tell({ type: 'look' });
    expect(bench.see(nats(bench))).toMatchObject([{ type: 'stop', code: 'forked' }]);
  });

  it('gives way to a person, who begins an epoch', () => {
    const bench = new Bench();
    bench.connect({ own: bench.own(5, 'other') });
    expect(types(bench.tell({ type: 'take-over', by: BY }))).toEqual(['inspect']);
    expect(bench.gate).toBe('refused');
    expect(bench.see({ own: bench.own(5, 'other') })).toMatchObject([
      { type: 'begin-epoch', epoch: 2, by: BY },
    ]);
    bench.tell({ type: 'epoch-begun', attempt: bench.attempt, epoch: 2, baseRevision: 5 });
    expect(bench.gate).toBe('open');
    expect(types(bench.see({ epochs: [1] }))).toEqual(['create-stream']);
  });

  it('stays stopped when a take-over fails', () => {
    const bench = new Bench();
    bench.connect({ own: bench.own(5, 'other') });
    bench.tell({ type: 'take-over', by: BY });
    expect(types(bench.fail())).toEqual(['take-over-failed']);
    expect(bench.decision.phase).toBe('stopped');
    bench.tell({ type: 'take-over', by: BY });
    expect(types(bench.tell({ type: 'disconnected' }))).toEqual(['take-over-failed']);
    expect(bench.decision.phase).toBe('stopped');
    // Not without NATS: nobody would know which epochs there are.
    expect(types(bench.tell({ type: 'take-over', by: BY }))).toEqual(['take-over-failed']);
  });

  it('goes on shipping when a take-over of a sound log fails', () => {
    const bench = shipping();
    bench.tell({ type: 'take-over', by: BY });
    expect(types(bench.fail())).toEqual(['take-over-failed', 'pause']);
    bench.answer('retry');
    bench.see({ own: bench.own(5) });
    expect(bench.decision.phase).toBe('shipping');
  });
});
