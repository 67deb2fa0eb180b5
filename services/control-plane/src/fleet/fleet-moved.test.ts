import { describe, expect, it } from 'vitest';
import { at, Bench, PLACE, type Told, wire } from './fleet.fixture.ts';

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
    const sdk = { name: 'flagstream-client', version: '0.1.0', language: 'typescript' };
    const sdks = [{ sdk, clients: 10 }];
    const bench = died({ clients: 10, current: 10, sdks });
    const sdksOf = (): unknown =>
      bench.fleet.nodes(0).map(({ report }) => report.environments[0]?.sdks.length);
    bench.tell('n2', 7, { clients: 0 });
    expect(bench.of(7)).toMatchObject({ applied: 0, owing: 10 });
    expect(sdksOf()).toEqual([1, 0]);
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
    expect(sdksOf()).toEqual([0, 0]);
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
