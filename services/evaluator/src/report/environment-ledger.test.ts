import { DELIVERY_BOUNDS_MS, LIMITS } from '@flagstream/protocol';
import type { ClientReport, EnvironmentReport } from '@flagstream/protocol/gen/flagstream/v1/fleet';
import { NackCode } from '@flagstream/protocol/gen/flagstream/v1/stream';
import type { Position, Refusal, ReportPlace } from '@flagstream/replica';
import { describe, expect, it } from 'vitest';
import { DeliveryLedger } from './delivery-ledger.ts';
import { EnvironmentLedger, type LedgerClient } from './environment-ledger.ts';

const SCOPE = { project: 'p', environment: 'dev' };
const at = (revision: number, epoch = 1): Position => ({ epoch, revision, hash: new Uint8Array(0) });

interface Client extends LedgerClient {
  acked: Position | undefined;
  answered: boolean;
  refusal: Refusal | undefined;
  heardMs: number;
}

class Bench {
  stalenessMs = 0;
  readonly reports = { sequence: 0, stalenessMs: () => this.stalenessMs };
  readonly ledger = new EnvironmentLedger(SCOPE, this.reports);
  nowMs = 1_000;

  join(
    instanceId: string,
    joined: number,
    acked: number = joined,
    version = '1',
    lostStreams: readonly ReportPlace[] = [],
  ): Client {
    const client: Client = {
      peer: { instanceId, sdk: { name: 'sdk', version, language: 'x' }, joined: at(joined), lostStreams },
      acked: acked === 0 ? undefined : at(acked),
      answered: false,
      heardMs: this.nowMs,
      refusal: undefined,
    };
    this.ledger.joined(client);
    return client;
  }

  change(revision: number, epoch = 1): void {
    this.ledger.changed(at(revision, epoch), this.nowMs);
  }

  confirm(client: Client, revision: number, epoch = 1): void {
    const before = client.acked;
    client.acked = at(revision, epoch);
    this.ledger.confirmed(client, before, this.nowMs);
  }

  leave(client: Client, how: 'with-bye' | 'lost' = 'lost'): void {
    this.ledger.left(client, this.nowMs, how);
  }

  report(names: number = LIMITS.reportedClientsMax): EnvironmentReport {
    return this.ledger.report(this.nowMs, names);
  }
}

const idsOf = (clients: readonly ClientReport[]): string[] => clients.map(({ instanceId }) => instanceId);

describe('the ledger of an environment', () => {
  it('counts a client as current only once it has confirmed the newest change', () => {
    const bench = new Bench();
    bench.change(5);
    const [fast, slow] = [bench.join('fast', 5), bench.join('slow', 5)];
    expect(bench.report()).toMatchObject({ ...SCOPE, clients: 2, current: 2, behind: [], laggards: [] });
    bench.change(7);
    bench.confirm(fast, 7);
    const report = bench.report();
    expect(report).toMatchObject({ clients: 2, current: 1, arriving: 0, older: 0, changedRevision: 7n });
    expect(report.behind).toMatchObject([{ revision: { epoch: 1, revision: 5n }, clients: 1 }]);
    expect(idsOf(report.laggards)).toEqual(['slow']);
    bench.confirm(slow, 9);
    expect(bench.report()).toMatchObject({ current: 2, behind: [] });
  });

  it('does not count who came after a change among those that owe it', () => {
    const bench = new Bench();
    bench.change(7);
    const client = bench.join('new', 7, 0);
    expect(bench.report()).toMatchObject({ clients: 1, current: 0, arriving: 1, behind: [] });
    bench.change(8);
    expect(bench.report()).toMatchObject({ arriving: 0, behind: [{ clients: 1 }] });
    bench.confirm(client, 8);
    expect(bench.report()).toMatchObject({ current: 1 });
  });

  it('takes a revision of an epoch before for less than any of this one', () => {
    const bench = new Bench();
    bench.change(5);
    bench.join('a', 50);
    bench.change(6, 2);
    expect(bench.report()).toMatchObject({ current: 0, behind: [{ revision: { epoch: 1, revision: 50n } }] });
  });

  it('names those that refuse first, then those with the oldest revision, then the silent ones', () => {
    const bench = new Bench();
    bench.change(5);
    const [newer, old, silent, refusing] = [
      bench.join('newer', 5),
      bench.join('old', 2),
      bench.join('silent', 2),
      bench.join('refusing', 5),
    ];
    bench.change(9);
    silent.heardMs -= 900;
    refusing.refusal = { code: 'apply', detail: 'x'.repeat(1_000) };
    const { laggards } = bench.report();
    expect(idsOf(laggards)).toEqual(['refusing', 'silent', 'old', 'newer']);
    expect(laggards[0]).toMatchObject({
      refusal: NackCode.APPLY,
      refusalDetail: 'x'.repeat(LIMITS.reportedDetailLengthMax),
    });
    expect(laggards[1]).toMatchObject({ silentMs: 900n });
    expect(idsOf(bench.report(2).laggards)).toEqual(['refusing', 'silent']);
    expect([newer, old].length).toBe(2);
  });

  it('tells at most so many revisions, and counts the clients of the others', () => {
    const bench = new Bench();
    bench.change(100);
    for (let revision = 1; revision <= LIMITS.reportedRevisionsMax + 3; revision++)
      bench.join(`c${revision}`, revision);
    const report = bench.report();
    expect(report.behind).toHaveLength(LIMITS.reportedRevisionsMax);
    expect(report.behind[0]).toMatchObject({
      revision: { revision: BigInt(LIMITS.reportedRevisionsMax + 3) },
    });
    expect(report.older).toBe(3);
  });

  it('remembers who leaves owing, by name, until it is back and has confirmed it', () => {
    const bench = new Bench();
    bench.change(5);
    const [owing, done] = [bench.join('owing', 5), bench.join('done', 5)];
    bench.change(7);
    bench.confirm(done, 7);
    bench.leave(owing);
    bench.leave(done);
    bench.nowMs += 400;
    expect(bench.report()).toMatchObject({
      clients: 0,
      departedClients: 1,
      departed: [{ instanceId: 'owing', owedRevision: 7n, revision: { revision: 5n }, silentMs: 400n }],
    });
    const back = bench.join('owing', 8, 5);
    expect(bench.report().departedClients).toBe(1);
    bench.confirm(back, 8);
    expect(bench.report().departedClients).toBe(0);
    expect(bench.ledger.empty).toBe(false);
    bench.leave(back);
    expect(bench.ledger.empty).toBe(true);
  });

  it('calls an instance departed that has another stream here only until that one speaks for what it owed', () => {
    const bench = new Bench();
    bench.change(5);
    const old = bench.join('moving', 5);
    bench.change(7);
    const next = bench.join('moving', 7, 5);
    bench.leave(old);
    expect(bench.report()).toMatchObject({ departedClients: 1, arriving: 1 });
    bench.confirm(next, 7);
    expect(bench.report()).toMatchObject({ departedClients: 0, current: 1 });
    const last = bench.join('moving', 7, 7);
    bench.change(8);
    bench.leave(next);
    expect(bench.report()).toMatchObject({ departedClients: 0, behind: [{ clients: 1 }] });
    bench.confirm(last, 8);
    expect(bench.report()).toMatchObject({ departedClients: 0, current: 1 });
  });

  it('does not call an instance departed that has it by another stream here, or owes it by that one', () => {
    const bench = new Bench();
    bench.change(5);
    const [moved, doubled] = [bench.join('moved', 5), bench.join('doubled', 5)];
    bench.join('doubled', 5);
    bench.change(7);
    bench.confirm(bench.join('moved', 7, 5), 7);
    for (const client of [moved, doubled]) bench.leave(client);
    expect(bench.report()).toMatchObject({ departedClients: 0, current: 1, behind: [{ clients: 1 }] });
  });

  it('tells which streams were lost, by the report that has them no more, and of which it had a Bye', () => {
    const bench = new Bench();
    bench.change(5);
    const [first, second, third, fourth] = ['a', 'b', 'c', 'd'].map((id) => bench.join(id, 5));
    bench.leave(first!);
    bench.leave(second!, 'with-bye');
    bench.reports.sequence = 4;
    bench.leave(third!);
    bench.leave(fourth!);
    expect(bench.report().lost).toEqual([
      { firstSequence: 5n, lastSequence: 5n, streams: 2 },
      { firstSequence: 1n, lastSequence: 1n, streams: 1 },
    ]);
  });

  it('tells all earlier losses together', () => {
    const bench = new Bench();
    for (let sequence = 0; sequence < LIMITS.reportedSequencesMax + 2; sequence++) {
      bench.reports.sequence = sequence;
      bench.leave(bench.join(`c${sequence}`, 5));
    }
    const { lost } = bench.report();
    expect(lost).toHaveLength(LIMITS.reportedSequencesMax);
    expect(lost.at(-1)).toEqual({ firstSequence: 1n, lastSequence: 3n, streams: 3 });
  });

  it('tells where clients were before, once they have answered and are past their first transfer', () => {
    const bench = new Bench();
    bench.change(7);
    const before = (sequence: number): readonly ReportPlace[] => [{ bootId: 'dead', sequence }];
    const [arriving, silent, owing, current] = [
      bench.join('arriving', 7, 5, '1', before(3)),
      bench.join('silent', 7, 7, '1', before(3)),
      bench.join('owing', 6, 6, '1', before(3)),
      bench.join('current', 7, 7, '1', [...before(4), { bootId: 'other', sequence: 1 }]),
    ];
    for (const client of [arriving, owing, current]) client!.answered = true;
    const { moved } = bench.report();
    expect(moved).toEqual([
      {
        bootId: 'dead',
        streams: [
          { firstSequence: 4n, lastSequence: 4n, streams: 1 },
          { firstSequence: 3n, lastSequence: 3n, streams: 1 },
        ],
      },
      { bootId: 'other', streams: [{ firstSequence: 1n, lastSequence: 1n, streams: 1 }] },
    ]);
    expect(bench.report(1).moved.map(({ bootId }) => bootId)).toEqual(['dead']);
    silent!.answered = true;
    bench.confirm(arriving!, 7);
    expect(bench.report().moved[0]?.streams.at(-1)).toMatchObject({ firstSequence: 3n, streams: 3 });
    bench.leave(current!, 'with-bye');
    expect(bench.report().moved).toHaveLength(1);
  });

  it('takes who is lost while this node may lack a change for owing it, unless there was none', () => {
    const bench = new Bench();
    bench.change(5);
    const [first, second, moved, polite, third] = ['a', 'b', 'c', 'd', 'e'].map((id) => bench.join(id, 5));
    bench.leave(first!);
    bench.stalenessMs = 2_001;
    bench.leave(second!);
    expect(bench.report()).toMatchObject({ departedClients: 0 });
    // The head was heard of, and it is this one.
    bench.stalenessMs = 500;
    bench.report();
    bench.stalenessMs = 30_000;
    bench.join('c', 5);
    bench.leave(moved!);
    bench.leave(polite!, 'with-bye');
    bench.leave(third!);
    bench.leave(bench.join('f', 5));
    bench.confirm(bench.join('f', 5), 5);
    bench.change(7);
    expect(bench.report()).toMatchObject({
      departedClients: 1,
      departed: [{ instanceId: 'e', owedRevision: 7n, revision: { revision: 5n } }],
    });
    // It has not caught up yet.
    bench.change(8);
    expect(bench.report()).toMatchObject({ departedClients: 1, departed: [{ owedRevision: 8n }] });
    bench.stalenessMs = 100;
    bench.report();
    bench.change(9);
    expect(bench.report()).toMatchObject({ departedClients: 1, departed: [{ owedRevision: 8n }] });
  });

  it('counts those once that it loses meanwhile, also the ones whose names it forgets', () => {
    const bench = new Bench();
    bench.change(5);
    bench.stalenessMs = 30_000;
    const clients = LIMITS.departedClientsMax + 3;
    for (let i = 0; i < clients; i++) bench.leave(bench.join(`c${i}`, 5));
    for (const revision of [6, 7]) {
      bench.change(revision);
      const { departedClients, departedUnnamed } = bench.report();
      expect(departedClients).toBe(clients);
      expect(departedUnnamed.map((each) => each.owedRevision)).toEqual([BigInt(revision), BigInt(revision)]);
    }
  });

  it('counts all who left, also those whose names it has forgotten, and tells what they owed', () => {
    const bench = new Bench();
    bench.change(5);
    const clients = Array.from({ length: LIMITS.departedClientsMax + 1 }, (_, i) => bench.join(`c${i}`, 5));
    bench.change(6);
    for (const client of clients) bench.leave(client);
    const report = bench.report();
    expect(report.departedClients).toBe(clients.length);
    expect(idsOf(report.departed).at(-1)).toBe(`c${LIMITS.departedClientsMax}`);
    const unnamed = clients.length - LIMITS.reportedClientsMax;
    expect(report.departedUnnamed).toEqual([
      { revision: expect.objectContaining({ revision: 5n }), owedRevision: 6n, clients: unnamed - 1 },
      { revision: undefined, owedRevision: 6n, clients: 1 },
    ]);
    for (let i = 1; i < clients.length; i++) bench.confirm(bench.join(`c${i}`, 6, 5), 6);
    expect(bench.report()).toMatchObject({
      departed: [],
      departedClients: 1,
      departedUnnamed: [{ owedRevision: 6n, clients: 1 }],
    });
    expect(bench.ledger.empty).toBe(false);
  });

  it('tells at most so many kinds of those without a name, and all others together', () => {
    const bench = new Bench();
    bench.change(1);
    const changes = LIMITS.reportedRevisionsMax + 3;
    for (let revision = 2; revision <= changes + 1; revision++) {
      const client = bench.join(`c${revision}`, revision - 1);
      bench.change(revision);
      bench.leave(client);
    }
    const { departed, departedClients, departedUnnamed } = bench.report(1);
    expect([departed.length, departedClients]).toEqual([1, changes]);
    expect(departedUnnamed).toHaveLength(LIMITS.reportedRevisionsMax);
    expect(departedUnnamed[0]).toMatchObject({ owedRevision: BigInt(changes), clients: 1 });
    expect(departedUnnamed.at(-1)).toMatchObject({ revision: undefined, owedRevision: 4n, clients: 3 });
  });

  it('counts how long confirmations took of those who were there, each change apart', () => {
    const bench = new Bench();
    bench.change(5);
    const [fast, slow] = [bench.join('fast', 5), bench.join('slow', 5)];
    bench.change(6);
    bench.nowMs += 4;
    bench.confirm(fast, 6);
    bench.change(7);
    bench.nowMs += 40_000;
    bench.confirm(slow, 7);
    bench.confirm(bench.join('late', 7, 5), 7);
    const counts = (revision: bigint): Record<number, number> => {
      const all = bench.report().times.find((each) => each.revision === revision)!.counts;
      return Object.fromEntries(all.flatMap((n, i) => (n === 0 ? [] : [[DELIVERY_BOUNDS_MS[i] ?? 0, n]])));
    };
    expect([counts(6n), counts(7n)]).toEqual([{ 5: 1, 0: 1 }, { 0: 1 }]);
  });

  it('finds instances by name, with what they have', () => {
    const bench = new Bench();
    bench.join('a', 5);
    bench.join('b', 5, 0);
    expect(bench.ledger.find(new Set(['a', 'b', 'c']))).toMatchObject([
      { ...SCOPE, instanceId: 'a', revision: { revision: 5n } },
    ]);
  });
});

describe('the ledgers of a node', () => {
  it('tell of environments with clients, those with the most to tell first', () => {
    const delivery = new DeliveryLedger('b');
    const names = Array.from({ length: LIMITS.reportedEnvironmentsMax + 2 }, (_, i) => `e${i}`);
    for (const environment of names) {
      const ledger = delivery.of({ project: 'p', environment });
      ledger.changed(at(1), 0);
      const sdk = { name: 's', version: '1', language: 'x' };
      const peer = { instanceId: environment, sdk, joined: at(1), lostStreams: [] };
      ledger.joined({ peer, acked: at(1), answered: true, heardMs: 0, refusal: undefined });
    }
    delivery.of({ project: 'p', environment: 'nobody' });
    delivery.of({ project: 'p', environment: 'e65' }).changed(at(2), 0);
    const { environments, otherClients, otherOwing } = delivery.reports(0);
    expect([environments.length, otherClients, otherOwing]).toEqual([LIMITS.reportedEnvironmentsMax, 2, 0]);
    expect(environments[0]).toMatchObject({ environment: 'e65', laggards: [{ instanceId: 'e65' }] });
    expect(delivery.of({ project: 'p', environment: 'e1' })).toBe(
      delivery.of({ project: 'p', environment: 'e1' }),
    );
  });

  it('tell of clients that confirm nothing by what they evaluate with, apart from those that do', () => {
    const delivery = new DeliveryLedger('b');
    const ledger = delivery.of(SCOPE);
    const [go, java] = [
      { engine: 'go', splitsDiffer: false },
      { engine: 'java', splitsDiffer: true },
    ];
    ledger.evaluating(go, 1);
    ledger.evaluating(java, 1);
    ledger.evaluating(java, 1);
    expect(delivery.reports(0).environments).toMatchObject([
      {
        clients: 0,
        engines: [
          { ...java, clients: 2 },
          { ...go, clients: 1 },
        ],
      },
    ]);
    ledger.evaluating(go, -1);
    ledger.evaluating(java, -2);
    expect(delivery.reports(0).environments).toEqual([]);
  });
});
