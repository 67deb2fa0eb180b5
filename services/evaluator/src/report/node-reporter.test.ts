import { fail } from '@flagstream/protocol';
import { NodeReport } from '@flagstream/protocol/gen/flagstream/v1/fleet';
import { createLogger, KeyUse } from '@flagstream/runtime';
import { describe, expect, it } from 'vitest';
import { DeliveryLedger } from './delivery-ledger.ts';
import { NodeReporter } from './node-reporter.ts';
import { FirstReports, type ReportSink } from './report-sinks.ts';

const MINUTE_MS = 60_000;
const HASH: Uint8Array = Buffer.alloc(32, 7);

class Bench {
  readonly use = new KeyUse();
  readonly delivery = new DeliveryLedger('b');
  revision = 5;
  stalenessMs = 0;
  wanted: readonly string[] = [];
  readonly heard: NodeReport[] = [];
  readonly warned: string[] = [];
  /** What the control plane answers next; undefined: it takes it. */
  failure: Error | undefined;
  /** Holds answers back until it is called. */
  answer: (() => void) | undefined;
  readonly reporter: NodeReporter;

  constructor() {
    const destination = {
      write: (line: string): void => void this.warned.push(String(JSON.parse(line).detail)),
    };
    const logger = createLogger({ level: 'warn', service: 's', version: '0', nodeId: 'n', destination });
    const sink: ReportSink = {
      report: async (report) => {
        this.heard.push(report);
        if (this.failure !== undefined) throw this.failure;
        return this.wanted;
      },
    };
    this.reporter = new NodeReporter({
      nodeId: 'n',
      version: '1',
      use: this.use,
      delivery: this.delivery,
      serving: {
        position: () => ({ epoch: 1, revision: this.revision, hash: HASH }),
        freshness: () => ({ stalenessMs: this.stalenessMs, estimated: false, source: 'live' }),
      },
      sink,
      startedMs: 7 * MINUTE_MS,
      logger,
      monotonicMs: () => 0,
    });
  }

  /** A second passes, and what is sent in it is answered. */
  async second(): Promise<void> {
    this.reporter.tick();
    await new Promise(setImmediate);
  }

  keyIds(): string[][] {
    return this.heard.map(({ usedKeys }) => usedKeys.map(({ keyId }) => keyId));
  }
}

describe('the reports of a node', () => {
  it('tell what is news within a second, and nothing while there is none', async () => {
    const bench = new Bench();
    await bench.second();
    bench.use.note('a', 7 * MINUTE_MS);
    await bench.second();
    bench.stalenessMs += 1_000;
    await bench.second();
    bench.revision += 1;
    await bench.second();
    expect(bench.heard).toMatchObject([
      {
        nodeId: 'n',
        bootId: 'b',
        version: '1',
        sequence: 1n,
        applied: { revision: 5n, hash: HASH },
        usedKeys: [],
      },
      { sequence: 2n, usedKeys: [{ keyId: 'a', lastUsedTime: { seconds: 420n, nanos: 0 } }] },
      { sequence: 3n, applied: { revision: 6n }, freshness: { stalenessMs: 1_000 }, usedKeys: [] },
    ]);
    expect(bench.reporter.counters).toEqual({ sent: 3, failed: 0 });
  });

  it('tell all again each tenth second, for a control plane that has lost it', async () => {
    const bench = new Bench();
    bench.use.note('a', MINUTE_MS);
    for (let second = 0; second < 25; second++) await bench.second();
    expect(bench.keyIds()).toEqual([['a'], ['a'], ['a']]);
  });

  it('say of the instances that are looked for which are here', async () => {
    const bench = new Bench();
    const ledger = bench.delivery.of({ project: 'p', environment: 'dev' });
    const place = { epoch: 1, revision: 5, hash: new Uint8Array(0) };
    const sdk = { name: 's', version: '1', language: 'x' };
    ledger.joined({
      peer: { instanceId: 'here', sdk, joined: place, lostStreams: [] },
      acked: place,
      answered: true,
      heardMs: 0,
      refusal: undefined,
    });
    bench.wanted = ['here', 'elsewhere'];
    await bench.second();
    await bench.second();
    expect(bench.heard.map(({ found }) => found.map(({ instanceId }) => instanceId))).toEqual([[], ['here']]);
  });

  it('that nobody hears are warned of once, counted each time, and told again', async () => {
    const bench = new Bench();
    bench.failure = fail('UNREACHABLE', 'nobody there');
    for (let second = 0; second < 3; second++) {
      bench.use.note('a', second * MINUTE_MS);
      await bench.second();
    }
    expect(bench.warned).toEqual(['nobody there']);
    expect(bench.reporter.counters).toEqual({ sent: 0, failed: 3 });
    bench.failure = undefined;
    for (let second = 3; second <= 10; second++) await bench.second();
    expect(bench.keyIds().at(-1)).toEqual(['a']);
    // At once where the node stands, and all again with the tenth.
    expect(bench.reporter.counters.sent).toBe(2);
    bench.failure = fail('UNREACHABLE', 'nobody there');
    bench.use.note('a', 9 * MINUTE_MS);
    await bench.second();
    expect(bench.warned).toHaveLength(2);
  });

  it('tell the last news and take leave when the node goes', async () => {
    const bench = new Bench();
    bench.reporter.start();
    bench.use.note('a', MINUTE_MS);
    await bench.reporter.close();
    expect(bench.heard).toMatchObject([{ leaving: true, usedKeys: [{ keyId: 'a' }] }]);
  });

  it('go to the first that takes them', async () => {
    const heard: string[] = [];
    const refusing: ReportSink = { report: () => Promise.reject(fail('UNREACHABLE', 'away')) };
    const taking = (name: string): ReportSink => ({
      report: async () => {
        heard.push(name);
        return [name];
      },
    });
    const report = NodeReport.fromPartial({ nodeId: 'n' });
    expect(await new FirstReports([refusing, taking('b'), taking('c')]).report(report)).toEqual(['b']);
    expect(heard).toEqual(['b']);
    await expect(new FirstReports([refusing]).report(report)).rejects.toThrow('away');
  });
});
