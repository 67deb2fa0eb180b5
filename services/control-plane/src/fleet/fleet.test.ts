import { LIMITS } from '@flagstream/protocol';
import { describe, expect, it } from 'vitest';
import type { IsOurs } from './delivered.ts';
import { at, Bench, PLACE, type Told, wire } from './fleet.fixture.ts';

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
