import { LIMITS } from '@flagstream/protocol';
import { type EnvironmentReport, NodeReport } from '@flagstream/protocol/gen/flagstream/v1/fleet';
import { describe, expect, it } from 'vitest';
import type { IsOurs } from './delivered.ts';
import { Fleet } from './fleet.ts';

const PLACE = { project: 'p', environment: 'dev' };
const at = (revision: number, epoch = 1): { epoch: number; revision: number } => ({ epoch, revision });
const streams = (counted: readonly (readonly [sequence: number, streams: number])[]): object[] =>
  counted.map(([sequence, count]) => ({
    firstSequence: BigInt(sequence),
    lastSequence: BigInt(sequence),
    streams: count,
  }));
const wire = (revision: number, epoch = 1): object => ({ epoch, revision: BigInt(revision) });

interface Told
  extends Omit<Partial<EnvironmentReport>, 'behind' | 'laggards' | 'departed' | 'lost' | 'moved'> {
  readonly behind?: readonly (readonly [revision: number, clients: number])[];
  readonly laggards?: readonly (readonly [instanceId: string, revision: number])[];
  readonly departed?: readonly (readonly [instanceId: string, revision: number, owed: number])[];
  /** Streams by the report that has them no more. */
  readonly lost?: readonly (readonly [sequence: number, streams: number])[];
  /** Streams at a process by the report after which they were open. */
  readonly moved?: Readonly<Record<string, readonly (readonly [sequence: number, streams: number])[]>>;
}

class Bench {
  readonly fleet = new Fleet();
  nowMs = 0;
  head = at(100);
  #sequence = 0;

  tell(nodeId: string, applied: number, environment: Told | undefined, more: object = {}): void {
    this.#sequence += 1;
    const { behind = [], laggards = [], departed = [], lost = [], moved = {}, ...counts } = environment ?? {};
    const report = NodeReport.fromPartial({
      nodeId,
      bootId: 'b1',
      sequence: BigInt(this.#sequence),
      applied: wire(applied),
      environments:
        environment === undefined
          ? []
          : [
              {
                ...PLACE,
                ...counts,
                behind: behind.map(([revision, clients]) => ({ revision: wire(revision), clients })),
                laggards: laggards.map(([instanceId, revision]) => ({
                  instanceId,
                  revision: wire(revision),
                })),
                departed: departed.map(([instanceId, revision, owed]) => ({
                  instanceId,
                  revision: wire(revision),
                  owedRevision: BigInt(owed),
                })),
                lost: streams(lost),
                moved: Object.entries(moved).map(([bootId, of]) => ({ bootId, streams: streams(of) })),
                departedClients: counts.departedClients ?? departed.length,
              },
            ],
      ...more,
    });
    this.fleet.take(report, this.head, this.nowMs);
  }

  /** Of all nodes together. */
  of(target: number, isOurs: IsOurs = () => true): object {
    const all = this.fleet.delivered(at(target), [PLACE], isOurs);
    const sum = (count: (one: (typeof all)[number]) => number): number =>
      all.reduce((total, one) => total + count(one), 0);
    return {
      applied: sum((one) => one.applied),
      owing: sum((one) => one.owing),
      arriving: sum((one) => one.arriving),
      departed: sum((one) => one.departed),
      names: all.flatMap((one) => [...one.laggards, ...one.departedClients].map((each) => each.instanceId)),
    };
  }
}

const NOBODY = { applied: 0, owing: 0, arriving: 0, departed: 0, names: [] };

describe('a revision in the fleet', () => {
  it('is owed by all clients of a node that has not got so far', () => {
    const bench = new Bench();
    bench.tell('n1', 6, { clients: 10, current: 10 });
    bench.tell('n2', 7, { clients: 5, current: 4, behind: [[6, 1]], laggards: [['slow', 6]] });
    expect(bench.of(7)).toEqual({ applied: 4, owing: 11, arriving: 0, departed: 0, names: ['slow'] });
    bench.tell('n1', 7, { clients: 10, current: 9, arriving: 1 });
    expect(bench.of(7)).toEqual({ applied: 13, owing: 1, arriving: 1, departed: 0, names: ['slow'] });
    // An older one has been confirmed by who owes the newer one.
    expect(bench.of(6)).toMatchObject({ applied: 14, owing: 0, names: [] });
  });

  it('is owed by all clients of a node that follows another branch, whatever its number', () => {
    const bench = new Bench();
    bench.tell('n1', 9, { clients: 10, current: 9, arriving: 1 });
    bench.tell('n2', 7, { clients: 5, current: 5 });
    bench.tell('ended', 9, { clients: 3, current: 3 });
    bench.tell('ended', 0, undefined, { bootId: 'b2' });
    const isOurs: IsOurs = (applied) => applied.revision !== 9n;
    expect(bench.of(7, isOurs)).toMatchObject({ applied: 5, owing: 10, arriving: 0, departed: 3 });
    expect(bench.of(7)).toMatchObject({ applied: 14, owing: 0, arriving: 1, departed: 0 });
  });

  it('counts clients whose revision is not told by name or number as owing it', () => {
    const bench = new Bench();
    bench.tell('n1', 9, {
      clients: 8,
      current: 2,
      behind: [
        [8, 1],
        [7, 2],
      ],
      older: 3,
    });
    expect([bench.of(9), bench.of(8), bench.of(7)]).toMatchObject([
      { applied: 2, owing: 6 },
      { applied: 3, owing: 5 },
      { applied: 5, owing: 3 },
    ]);
  });

  it('goes on being owed by the clients of a silent node, until it is forgotten', () => {
    const bench = new Bench();
    bench.tell('n1', 6, { clients: 10, current: 10 });
    bench.nowMs = LIMITS.nodeLostMs + 1;
    bench.tell('n2', 7, { clients: 1, current: 1 });
    expect(bench.fleet.nodes(bench.nowMs).map(({ report, lost }) => [report.nodeId, lost])).toEqual([
      ['n1', true],
      ['n2', false],
    ]);
    expect(bench.of(7)).toMatchObject({ applied: 1, owing: 10 });
    const forget = (nodeId: string): string => bench.fleet.forget(nodeId, bench.nowMs);
    expect([forget('n1'), forget('n1')]).toEqual(['forgotten', 'unknown']);
    expect(bench.of(7)).toMatchObject({ applied: 1, owing: 0 });
  });

  it('goes on being owed by the clients of a live node that somebody wants forgotten', () => {
    const bench = new Bench();
    bench.tell('n1', 7, { clients: 3, behind: [[6, 3]] });
    bench.nowMs = LIMITS.nodeLostMs;
    expect(bench.fleet.forget('n1', bench.nowMs)).toBe('live');
    expect(bench.of(7)).toMatchObject({ owing: 3 });
  });

  it('is owed by clients of environments that a report has no room for, unless all of them have the newest', () => {
    const bench = new Bench();
    const elsewhere = { environments: [], otherClients: 9 };
    bench.tell('n1', 7, undefined, { ...elsewhere, otherOwing: 2 });
    expect([bench.of(8), bench.of(7)]).toMatchObject([{ owing: 9 }, { owing: 2 }]);
    bench.tell('n1', 7, undefined, { ...elsewhere, otherOwing: 0 });
    expect([bench.of(8), bench.of(7)]).toMatchObject([{ owing: 9 }, { owing: 0 }]);
    // It is told: the others are of others.
    bench.tell('n1', 7, { clients: 1, current: 1 }, { otherClients: 9, otherOwing: 9 });
    expect(bench.of(7)).toMatchObject({ applied: 1, owing: 0 });
    bench.head = at(7);
    bench.tell('n1', 7, undefined, { ...elsewhere, otherOwing: 2 });
    bench.tell('n1', 7, undefined, { bootId: 'b2' });
    expect(bench.of(7)).toMatchObject({ owing: 0, departed: 2 });
  });

  it('is owed apart by who left without confirming it, and by nobody for another one', () => {
    const bench = new Bench();
    bench.tell('n1', 9, {
      clients: 0,
      departed: [
        ['a', 5, 7],
        ['b', 8, 9],
      ],
    });
    expect([bench.of(9), bench.of(7), bench.of(6), bench.of(5)]).toMatchObject([
      { departed: 1, names: ['b'] },
      { departed: 1, names: ['a'] },
      { departed: 1, names: ['a'] },
      { departed: 0, names: [] },
    ]);
  });

  it('counts those who left without a name by what they owed and had', () => {
    const bench = new Bench();
    const unnamed = [
      { revision: wire(8), owedRevision: 9n, clients: 2 },
      { owedRevision: 7n, clients: 3 },
    ];
    bench.tell('n1', 9, { departedClients: 5, departedUnnamed: unnamed } as Told);
    expect([bench.of(10), bench.of(9), bench.of(8), bench.of(7)]).toMatchObject([
      { departed: 0 },
      { departed: 2 },
      { departed: 0 },
      { departed: 3 },
    ]);
    bench.tell('n1', 9, { departed: [['a', 8, 9]], departedClients: 6, departedUnnamed: unnamed } as Told);
    expect([bench.of(9), bench.of(7)]).toMatchObject([{ departed: 3 }, { departed: 3 }]);
  });

  it('is not owed any more by who came back at another node and has it there', () => {
    const bench = new Bench();
    bench.tell('n1', 7, { departed: [['a', 5, 7]] });
    bench.tell('n2', 7, { clients: 1, current: 1 });
    expect(bench.fleet.wantedOf('n2')).toEqual(['a']);
    expect(bench.fleet.wantedOf('n1')).toEqual([]);
    bench.tell('n2', 7, { clients: 1 }, { found: [{ ...PLACE, instanceId: 'a', revision: wire(6) }] });
    expect(bench.of(7)).toMatchObject({ departed: 1 });
    bench.tell('n2', 7, { clients: 1 }, { found: [{ ...PLACE, instanceId: 'a', revision: wire(7) }] });
    expect(bench.of(7)).toMatchObject({ departed: 0, names: [] });
  });

  it('is owed still where another environment has a client of the same name', () => {
    const bench = new Bench();
    bench.tell('n1', 7, { departed: [['a', 5, 7]] });
    const found = [{ ...PLACE, environment: 'other', instanceId: 'a', revision: wire(9) }];
    bench.tell('n2', 7, { clients: 1, current: 1 }, { found });
    expect(bench.of(7)).toMatchObject({ departed: 1, names: ['a'] });
  });
});

describe('a node that ends', () => {
  it('and starts again has lost its clients: they left owing what was committed before, and nothing later', () => {
    const bench = new Bench();
    bench.head = at(7);
    bench.tell('n1', 7, {
      clients: 3,
      behind: [[6, 2]],
      laggards: [
        ['a', 6],
        ['b', 6],
      ],
    });
    bench.tell('n1', 7, { clients: 0 }, { bootId: 'b2' });
    expect(bench.of(7)).toMatchObject({ owing: 0, departed: 2, names: ['a', 'b'] });
    bench.head = at(8);
    expect(bench.of(8)).toMatchObject({ departed: 0 });
    expect(bench.fleet.wantedOf('n1')).toEqual(['a', 'b']);
    bench.tell(
      'n1',
      8,
      { clients: 1 },
      { bootId: 'b2', found: [{ ...PLACE, instanceId: 'a', revision: wire(8) }] },
    );
    expect(bench.of(7)).toMatchObject({ departed: 1, names: ['b'] });
  });

  it('leaves its clients counted, also when it ended before those that are remembered', () => {
    const bench = new Bench();
    bench.head = at(7);
    for (let boot = 0; boot <= LIMITS.endedNodesMax + 1; boot++)
      bench.tell('n1', 7, { clients: 1, behind: [[6, 1]], laggards: [['a', 6]] }, { bootId: `b${boot}` });
    expect(bench.of(7)).toMatchObject({ owing: 1, departed: LIMITS.endedNodesMax + 1 });
    bench.head = at(8);
    expect(bench.of(8)).toMatchObject({ departed: 0 });
  });

  it('before it had a revision leaves all of its clients owing it', () => {
    const bench = new Bench();
    bench.head = at(7);
    bench.tell('n1', 6, { clients: 3, current: 3 });
    bench.tell('n1', 7, undefined, { bootId: 'b2' });
    expect(bench.of(7)).toMatchObject({ owing: 0, departed: 3 });
  });

  it('in order is a node no more; who left it owing is remembered', () => {
    const bench = new Bench();
    bench.head = at(7);
    bench.tell('n1', 7, { clients: 0, departed: [['a', 5, 7]] }, { leaving: true });
    expect(bench.fleet.nodes(0)).toEqual([]);
    expect(bench.of(7)).toMatchObject({ departed: 1, names: ['a'] });
    bench.tell('n2', 7, undefined, { leaving: true });
    expect(bench.of(8)).toEqual(NOBODY);
  });

  it('is not brought back by a report that comes late', () => {
    const bench = new Bench();
    bench.tell('n1', 7, { clients: 2, current: 2 });
    bench.tell('n1', 6, { clients: 9 }, { sequence: 1n });
    expect(bench.of(7)).toMatchObject({ applied: 2, owing: 0 });
    bench.tell('n1', 7, undefined, { leaving: true });
    bench.tell('n1', 7, { clients: 9 }, { sequence: 3n });
    expect(bench.fleet.nodes(0)).toEqual([]);
    expect(bench.of(8)).toEqual(NOBODY);
  });

  it('and started again is not taken for the one before by a report of that one that comes late', () => {
    const bench = new Bench();
    bench.tell('n1', 6, { clients: 2, current: 2 });
    bench.tell('n1', 7, { clients: 1, current: 1 }, { bootId: 'b2' });
    bench.tell('n1', 6, { clients: 2, current: 2 }, { sequence: 1n });
    expect(bench.fleet.nodes(0).map(({ report }) => report.bootId)).toEqual(['b2']);
    expect(bench.of(7)).toMatchObject({ applied: 1, owing: 0 });
  });

  it('is known by its next report, where one of another process has come late and was not known', () => {
    const bench = new Bench();
    bench.head = at(7);
    bench.tell('n1', 7, { clients: 1, current: 1 }, { bootId: 'b2' });
    bench.tell('n1', 7, undefined);
    expect(bench.fleet.nodes(0).map(({ report }) => report.bootId)).toEqual(['b1']);
    bench.tell('n1', 7, { clients: 1, behind: [[6, 1]], laggards: [['a', 6]] }, { bootId: 'b2' });
    expect(bench.fleet.nodes(0).map(({ report }) => report.bootId)).toEqual(['b2']);
    expect(bench.of(7)).toEqual({ applied: 0, owing: 1, arriving: 0, departed: 0, names: ['a'] });
  });

  it('is the process that began last, whichever report comes last, unless that one has fallen silent', () => {
    const bench = new Bench();
    const began = (seconds: number): object => ({ startTime: { seconds: BigInt(seconds), nanos: 0 } });
    bench.head = at(7);
    bench.tell('n1', 7, { clients: 1, current: 1 }, { bootId: 'b2', ...began(20) });
    bench.head = at(8);
    bench.tell('n1', 6, { clients: 6, current: 6 }, { bootId: 'b1', ...began(10) });
    bench.tell('n1', 8, { clients: 1, current: 1 }, { bootId: 'b2', ...began(20) });
    // Who left with it owed what was there when its successor was heard of, and nothing later.
    expect(bench.of(7)).toEqual({ ...NOBODY, applied: 1, departed: 6 });
    expect(bench.of(8)).toEqual({ ...NOBODY, applied: 1 });
    // As when its clock was set back.
    bench.nowMs = LIMITS.nodeLostMs + 1;
    bench.tell('n1', 7, { clients: 2, current: 2 }, { bootId: 'b3', ...began(15) });
    expect(bench.fleet.nodes(bench.nowMs).map(({ report }) => report.bootId)).toEqual(['b3']);
  });
});

describe('a node that died, whose clients come to another one', () => {
  const TWO_OWE: Told = {
    clients: 10,
    current: 8,
    behind: [[5, 2]],
    laggards: [
      ['a', 5],
      ['b', 5],
    ],
  };

  /** Ten clients at revision 6, and three reports of it. */
  function died(environment: Told = { clients: 10, current: 10 }): Bench {
    const bench = new Bench();
    bench.head = at(6);
    for (const sequence of [1n, 2n, 3n]) bench.tell('dead', 6, environment, { bootId: 'dead-1', sequence });
    bench.head = at(7);
    return bench;
  }

  it('owes for those alone that are not there yet, each client counted once', () => {
    const bench = died();
    bench.tell('n2', 7, { clients: 0 });
    expect(bench.of(7)).toMatchObject({ applied: 0, owing: 10 });
    bench.tell('n2', 7, { clients: 6, current: 4, arriving: 2, moved: { 'dead-1': [[2, 4]] } });
    expect(bench.of(7)).toMatchObject({ applied: 4, owing: 6, arriving: 2 });
    bench.tell('n2', 7, {
      clients: 10,
      current: 10,
      moved: {
        'dead-1': [
          [2, 7],
          [1, 3],
        ],
      },
    });
    expect(bench.of(7)).toMatchObject({ applied: 10, owing: 0 });
    expect(bench.fleet.nodes(0).map(({ report }) => report.environments[0]?.clients)).toEqual([0, 10]);
  });

  it('counts together what several nodes say', () => {
    const bench = died();
    bench.tell('n2', 7, { clients: 4, current: 4, moved: { 'dead-1': [[2, 4]] } });
    bench.tell('n3', 7, { clients: 5, current: 5, moved: { 'dead-1': [[1, 5]], other: [[1, 9]] } });
    expect(bench.of(7)).toMatchObject({ applied: 9, owing: 1 });
  });

  it('does not count out a stream that its last report may not have counted', () => {
    const bench = died();
    // Open after the third report, which is the last one: that did not have it.
    bench.tell('n2', 7, {
      clients: 2,
      current: 2,
      moved: {
        'dead-1': [
          [3, 1],
          [2, 1],
        ],
      },
    });
    expect(bench.of(7)).toMatchObject({ applied: 2, owing: 9 });
  });

  it('does not count out a stream that it had lost itself before its last report', () => {
    const bench = died({
      clients: 10,
      current: 10,
      lost: [
        [3, 1],
        [1, 40],
      ],
    });
    // One of three that were open after its first report is not among the ten any more.
    bench.tell('n2', 7, { clients: 3, current: 3, moved: { 'dead-1': [[1, 3]] } });
    expect(bench.of(7)).toMatchObject({ owing: 8 });
    // Losses before a stream was open say nothing of it.
    bench.tell('n2', 7, { clients: 3, current: 3, moved: { 'dead-1': [[2, 3]] } });
    expect(bench.of(7)).toMatchObject({ owing: 8 });
    bench.tell('n2', 7, {
      clients: 9,
      current: 9,
      moved: {
        'dead-1': [
          [2, 1],
          [0, 8],
        ],
      },
    });
    expect(bench.of(7)).toMatchObject({ owing: 10 });
  });

  it('goes on owing for as many as owed before, while that many clients may still be there', () => {
    const bench = died(TWO_OWE);
    expect(bench.of(6)).toMatchObject({ applied: 8, owing: 2, names: ['a', 'b'] });
    bench.tell('n2', 7, { clients: 7, current: 7, moved: { 'dead-1': [[2, 7]] } });
    expect(bench.of(6)).toMatchObject({ applied: 8, owing: 2, names: ['a', 'b'] });
    bench.tell('n2', 7, { clients: 9, current: 9, moved: { 'dead-1': [[2, 9]] } });
    expect(bench.of(6)).toMatchObject({ applied: 9, owing: 1, names: [] });
  });

  it('is asked after by the names that it told, and owes no more for those that are found', () => {
    const bench = died(TWO_OWE);
    const found = [{ ...PLACE, instanceId: 'a', revision: wire(6) }];
    bench.tell('n2', 7, { clients: 1, current: 1 }, { found });
    expect(bench.fleet.wantedOf('n2')).toEqual(['a', 'b']);
    expect(bench.of(6)).toMatchObject({ owing: 1, names: ['b'] });
  });

  it('owes nothing that was committed after they were seen elsewhere, wherever they are by then', () => {
    const bench = died();
    bench.tell('n2', 7, { clients: 10, current: 10, moved: { 'dead-1': [[2, 10]] } });
    bench.tell('n2', 7, { clients: 4, current: 4, moved: { 'dead-1': [[2, 4]] } });
    // Six have gone on: of what was committed before, nobody speaks for them.
    expect(bench.of(7)).toMatchObject({ applied: 4, owing: 6 });
    bench.head = at(8);
    bench.tell('n2', 8, { clients: 4, current: 4, moved: { 'dead-1': [[2, 4]] } });
    expect(bench.of(8)).toMatchObject({ applied: 4, owing: 0 });
  });

  it('and that is heard again is believed anew', () => {
    const bench = died();
    bench.tell('n2', 7, { clients: 10, current: 10, moved: { 'dead-1': [[2, 10]] } });
    bench.tell('dead', 7, { clients: 1, current: 1, lost: [[4, 10]] }, { bootId: 'dead-1', sequence: 4n });
    expect(bench.of(7)).toMatchObject({ applied: 11, owing: 0 });
    bench.head = at(8);
    expect(bench.of(8)).toMatchObject({ owing: 11 });
  });

  it('and is started again has lost none of those that came elsewhere', () => {
    const bench = died();
    bench.tell('n2', 7, { clients: 9, current: 9, moved: { 'dead-1': [[2, 9]] } });
    bench.tell('dead', 7, { clients: 0 }, { bootId: 'dead-2', sequence: 1n });
    expect(bench.of(7)).toMatchObject({ applied: 9, owing: 0, departed: 1 });
    bench.tell('n2', 7, { clients: 10, current: 10, moved: { 'dead-1': [[2, 10]] } });
    expect(bench.of(7)).toMatchObject({ applied: 10, departed: 0 });
  });
});
