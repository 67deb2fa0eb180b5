import { LIMITS, reportSubject, timestampOf } from '@flagstream/protocol';
import { EnvironmentReport, NodeReport } from '@flagstream/protocol/gen/flagstream/v1/fleet';
import { KeyKind } from '@flagstream/protocol/gen/flagstream/v1/model';
import { ORIGIN } from '@flagstream/replica';
import { createLogger, KeyRing, KeyUse, Metrics } from '@flagstream/runtime';
import { describe, expect, it } from 'vitest';
import { testKey } from '../../../../packages/runtime/src/keys/key.fixture.ts';
import { Fleet } from './fleet.ts';
import { NodeReports } from './node-reports.ts';

const NOW_MS = 1_800_000_000_000;

class Bench {
  readonly key = testKey(KeyKind.SERVER);
  readonly use = new KeyUse();
  readonly fleet = new Fleet();
  readonly metrics = new Metrics();
  readonly reports: NodeReports;

  constructor() {
    const ring = new KeyRing();
    ring.replace([this.key.change]);
    this.reports = new NodeReports({
      use: this.use,
      ring,
      fleet: this.fleet,
      head: () => ORIGIN,
      now: () => NOW_MS,
      monotonicMs: () => 0,
      natsPrefix: 'flagstream',
      logger: createLogger({ level: 'silent', service: 's', version: '0', nodeId: 'n' }),
    });
    this.reports.exportMetrics(this.metrics);
  }

  /** Of our key, used at this instant. */
  report(lastMs: number, nodeId = 'node-1', keyId: string = this.key.id): NodeReport {
    return NodeReport.fromPartial({ nodeId, usedKeys: [{ keyId, lastUsedTime: timestampOf(lastMs) }] });
  }

  hear(report: NodeReport, subject = reportSubject('flagstream', report.nodeId)): void {
    this.reports.heard(subject, NodeReport.encode(report).finish());
  }

  async counted(): Promise<string[]> {
    return (await this.metrics.text())
      .split('\n')
      .filter((line) => line.startsWith('flagstream_node_reports'));
  }
}

describe('what nodes report', () => {
  it('is when each key was used last, whichever node was asked', async () => {
    const bench = new Bench();
    bench.reports.take(bench.report(NOW_MS - 60_000));
    await bench.reports.report(bench.report(NOW_MS - 120_000, 'node-2'));
    expect(bench.use.lastMs(bench.key.id)).toBe(NOW_MS - 60_000);
    bench.hear(bench.report(NOW_MS - 1_000, 'host.example/é'));
    expect(bench.use.lastMs(bench.key.id)).toBe(NOW_MS - 1_000);
    expect(await bench.counted()).toEqual([
      'flagstream_node_reports_total{outcome="taken"} 3',
      'flagstream_node_reports_total{outcome="refused"} 0',
    ]);
  });

  it('is never in the future, and nothing of keys that nobody made', () => {
    const bench = new Bench();
    bench.reports.take(bench.report(NOW_MS + 86_400_000));
    bench.reports.take(bench.report(NOW_MS, 'node-1', 'invented'));
    bench.reports.take(NodeReport.fromPartial({ nodeId: 'n', usedKeys: [{ keyId: bench.key.id }] }));
    expect([bench.use.lastMs(bench.key.id), bench.use.lastMs('invented')]).toEqual([NOW_MS, undefined]);
  });

  it.each([
    ['no name', (bench: Bench) => bench.report(NOW_MS, ''), 'node_id'],
    ['a name that is too long', (bench: Bench) => bench.report(NOW_MS, 'n'.repeat(129)), 'node_id'],
    [
      'too many keys',
      (bench: Bench) => ({
        ...bench.report(NOW_MS),
        usedKeys: Array(LIMITS.nodeReportKeysMax + 1).fill(bench.report(NOW_MS).usedKeys[0]),
      }),
      'used_keys',
    ],
    [
      'too many environments',
      (bench: Bench) => ({
        ...bench.report(NOW_MS),
        environments: Array(LIMITS.reportedEnvironmentsMax + 1).fill(EnvironmentReport.fromPartial({})),
      }),
      'environments',
    ],
  ])('is refused with %s', async (_, reportOf, field) => {
    const bench = new Bench();
    expect(() => bench.reports.take(reportOf(bench))).toThrow(field);
    bench.hear(reportOf(bench));
    expect(bench.use.lastMs(bench.key.id)).toBeUndefined();
    expect((await bench.counted())[1]).toMatch(/ 2$/);
  });

  it('is not taken from another subject than the node’s own, nor when it is no report or too long', async () => {
    const bench = new Bench();
    bench.hear(bench.report(NOW_MS), reportSubject('flagstream', 'node-2'));
    bench.reports.heard(reportSubject('flagstream', 'n'), Uint8Array.of(0xff, 0xff));
    const long = NodeReport.encode(bench.report(NOW_MS, 'n', 'x'.repeat(LIMITS.nodeReportBytesMax))).finish();
    bench.reports.heard(reportSubject('flagstream', 'n'), long);
    expect(bench.use.lastMs(bench.key.id)).toBeUndefined();
    expect((await bench.counted())[1]).toMatch(/ 3$/);
  });
});
