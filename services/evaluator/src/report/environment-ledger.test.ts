import { DELIVERY_BOUNDS_MS, LIMITS } from '@flagstream/protocol';
import type { ClientReport, EnvironmentReport } from '@flagstream/protocol/gen/flagstream/v1/fleet';
import { NackCode } from '@flagstream/protocol/gen/flagstream/v1/stream';
import type { Position, Refusal } from '@flagstream/replica';
import { describe, expect, it } from 'vitest';
import { DeliveryLedger } from './delivery-ledger.ts';
import { EnvironmentLedger, type LedgerClient } from './environment-ledger.ts';

const SCOPE = { project: 'p', environment: 'dev' };
const at = (revision: number, epoch = 1): Position => ({ epoch, revision, hash: new Uint8Array(0) });

interface Client extends LedgerClient {
  acked: Position | undefined;
  refusal: Refusal | undefined;
  heardMs: number;
}

class Bench {
  readonly ledger = new EnvironmentLedger(SCOPE);
  nowMs = 1_000;

  join(instanceId: string, joined: number, acked: number = joined, version = '1'): Client {
    const client: Client = {
      peer: { instanceId, sdk: { name: 'sdk', version, language: 'x' }, joined: at(joined) },
      acked: acked === 0 ? undefined : at(acked),
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
    bench.ledger.left(owing, bench.nowMs);
    bench.ledger.left(done, bench.nowMs);
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
    bench.ledger.left(back, bench.nowMs);
    expect(bench.ledger.empty).toBe(true);
  });

  it('does not call an instance departed that has it by another stream here, or owes it by that one', () => {
    const bench = new Bench();
    bench.change(5);
    const [moved, doubled] = [bench.join('moved', 5), bench.join('doubled', 5)];
    bench.join('doubled', 5);
    bench.change(7);
    bench.confirm(bench.join('moved', 7, 5), 7);
    for (const client of [moved, doubled]) bench.ledger.left(client, bench.nowMs);
    expect(bench.report()).toMatchObject({ departedClients: 0, current: 1, behind: [{ clients: 1 }] });
  });

  it('goes on naming an instance that owes, while the stream by which it came back has not confirmed it', () => {
    const bench = new Bench();
    bench.change(5);
    const lost = bench.join('back', 5);
    bench.change(7);
    const back = bench.join('back', 7, 5);
    bench.ledger.left(lost, bench.nowMs);
    expect(bench.report()).toMatchObject({
      arriving: 1,
      departedClients: 1,
      departed: [{ owedRevision: 7n }],
    });
    bench.confirm(back, 7);
    expect(bench.report()).toMatchObject({ current: 1, departedClients: 0 });
  });

  it('forgets the oldest when too many have left', () => {
    const bench = new Bench();
    bench.change(5);
    const clients = Array.from({ length: LIMITS.departedClientsMax + 1 }, (_, i) => bench.join(`c${i}`, 5));
    bench.change(6);
    for (const client of clients) bench.ledger.left(client, bench.nowMs);
    const report = bench.report();
    expect(report.departedClients).toBe(LIMITS.departedClientsMax);
    expect(idsOf(report.departed).at(-1)).toBe(`c${LIMITS.departedClientsMax}`);
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
    const delivery = new DeliveryLedger();
    const names = Array.from({ length: LIMITS.reportedEnvironmentsMax + 2 }, (_, i) => `e${i}`);
    for (const environment of names) {
      const ledger = delivery.of({ project: 'p', environment });
      ledger.changed(at(1), 0);
      const sdk = { name: 's', version: '1', language: 'x' };
      const peer = { instanceId: environment, sdk, joined: at(1) };
      ledger.joined({ peer, acked: at(1), heardMs: 0, refusal: undefined });
    }
    delivery.of({ project: 'p', environment: 'nobody' });
    delivery.of({ project: 'p', environment: 'e65' }).changed(at(2), 0);
    const { environments, otherClients } = delivery.reports(0);
    expect([environments.length, otherClients]).toEqual([LIMITS.reportedEnvironmentsMax, 2]);
    expect(environments[0]).toMatchObject({ environment: 'e65', laggards: [{ instanceId: 'e65' }] });
    expect(delivery.of({ project: 'p', environment: 'e1' })).toBe(
      delivery.of({ project: 'p', environment: 'e1' }),
    );
  });
});
