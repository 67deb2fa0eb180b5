import { fail } from '@flagstream/protocol';
import type { NodeReport } from '@flagstream/protocol/gen/flagstream/v1/fleet';
import { createLogger, KeyUse } from '@flagstream/runtime';
import { describe, expect, it } from 'vitest';
import { NodeReporter } from './node-reporter.ts';
import { FirstReports, type ReportSink } from './report-sinks.ts';

const MINUTE_MS = 60_000;

class Bench {
  readonly use = new KeyUse();
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
      },
    };
    this.reporter = new NodeReporter({ nodeId: 'n', use: this.use, sink, logger });
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
    await bench.second();
    expect(bench.heard).toEqual([
      { nodeId: 'n', usedKeys: [{ keyId: 'a', lastUsedTime: { seconds: 420n, nanos: 0 } }] },
    ]);
    expect(bench.reporter.counters).toEqual({ sent: 1, failed: 0 });
  });

  it('tell all again each tenth second, for a control plane that has lost it', async () => {
    const bench = new Bench();
    bench.use.note('a', MINUTE_MS);
    for (let second = 0; second < 25; second++) await bench.second();
    expect(bench.keyIds()).toEqual([['a'], ['a'], ['a']]);
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
    expect(bench.reporter.counters.sent).toBe(1);
    bench.failure = fail('UNREACHABLE', 'nobody there');
    bench.use.note('a', 9 * MINUTE_MS);
    await bench.second();
    expect(bench.warned).toHaveLength(2);
  });

  it('tell the last news before the node goes', async () => {
    const bench = new Bench();
    bench.reporter.start();
    bench.use.note('a', MINUTE_MS);
    await bench.reporter.close();
    expect(bench.keyIds()).toEqual([['a']]);
  });

  it('go to the first that takes them', async () => {
    const heard: string[] = [];
    const refusing: ReportSink = { report: () => Promise.reject(fail('UNREACHABLE', 'away')) };
    const taking = (name: string): ReportSink => ({ report: async () => void heard.push(name) });
    await new FirstReports([refusing, taking('b'), taking('c')]).report({ nodeId: 'n', usedKeys: [] });
    expect(heard).toEqual(['b']);
    await expect(new FirstReports([refusing]).report({ nodeId: 'n', usedKeys: [] })).rejects.toThrow('away');
  });
});
