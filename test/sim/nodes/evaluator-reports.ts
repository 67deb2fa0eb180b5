/**
 * What one evaluator tells of its clients: production's ledgers and reporter,
 * whose reports go to the control plane, else through NATS, as bytes.
 */
import { fail, LIMITS, reportSubject } from '@flagstream/protocol';
import { NodeReport } from '@flagstream/protocol/gen/flagstream/v1/fleet';
import type { Freshness, Position } from '@flagstream/replica';
import { KeyUse } from '@flagstream/runtime';
import { DeliveryLedger } from '../../../services/evaluator/src/report/delivery-ledger.ts';
import { NodeReporter } from '../../../services/evaluator/src/report/node-reporter.ts';
import { FirstReports, type ReportSink } from '../../../services/evaluator/src/report/report-sinks.ts';
import type { EnvironmentReplica } from '../../../services/evaluator/src/state/environment-replica.ts';
import type { History } from '../checkers/history.ts';
import type { Network } from '../world/network.ts';
import type { Process } from '../world/process.ts';
import { silentLogger } from '../world/silent-logger.ts';
import type { ControlPlane } from './control-plane.ts';
import { NATS_PREFIX } from './fleet-view.ts';
import type { SimNats } from './sim-nats.ts';

export interface ReportParts {
  readonly process: Process;
  readonly network: Network;
  readonly nats: SimNats;
  readonly controlPlane: ControlPlane;
  readonly history: History;
  readonly serving: { position(): Position; freshness(): Freshness };
}

/** Copies of reports that come again, long after: over two ways, and held up on one of them. */
const STRAY_SHARE = 0.15;
const STRAY_MS_MIN = 100;
/** What a process that has ended told comes no later. */
export const STRAY_MS_MAX = 6_000;

/** One life of an evaluator. */
export class EvaluatorReports {
  readonly delivery: DeliveryLedger;
  readonly bootId: string;
  readonly #parts: ReportParts;
  readonly #reporter: NodeReporter;

  constructor(parts: ReportParts) {
    const { process, serving } = parts;
    this.#parts = parts;
    this.bootId = `${process.name}-${process.life}`;
    this.delivery = new DeliveryLedger(this.bootId, () => serving.freshness().stalenessMs);
    this.#reporter = new NodeReporter({
      nodeId: process.name,
      version: '0',
      use: new KeyUse(),
      delivery: this.delivery,
      serving,
      sink: new FirstReports([this.#direct(), this.#throughNats()]),
      startedMs: process.wallMs(),
      logger: silentLogger,
      monotonicMs: process.nowMs,
    });
  }

  open(): void {
    this.#parts.process.every(LIMITS.nodeReportMs, () => this.#reporter.tick());
  }

  /** These are served as they are at the newest revision that changed them. */
  changed(environments: Iterable<EnvironmentReplica>): void {
    const { process, serving } = this.#parts;
    const { epoch } = serving.position();
    for (const { scope, view } of environments)
      this.delivery.of(scope).changed({ epoch, revision: view.changedRevision }, process.nowMs());
  }

  /** Takes leave. */
  close(): Promise<void> {
    return this.#reporter.close();
  }

  #direct(): ReportSink {
    const { process, network, controlPlane, history } = this.#parts;
    return {
      report: (report) =>
        new Promise((resolve, reject) => {
          history.observe({ type: 'reported', boot: this.bootId, sequence: report.sequence });
          const bytes = NodeReport.encode(report).finish();
          this.#stray(bytes);
          network.ask<readonly string[]>(
            process,
            controlPlane,
            LIMITS.nodeReportMs,
            (answer) => answer(controlPlane.fleet.take(NodeReport.decode(bytes))),
            (wanted) => {
              process.world.promised();
              if (wanted === undefined) reject(fail('TIMEOUT', 'the control plane did not answer'));
              else resolve(wanted);
            },
          );
        }),
    };
  }

  #stray(bytes: Uint8Array): void {
    const { process, controlPlane } = this.#parts;
    const { world } = process;
    if (!world.random.chance(STRAY_SHARE)) return;
    world.after(world.random.int(STRAY_MS_MIN, STRAY_MS_MAX), () => {
      if (controlPlane.up) controlPlane.fleet.take(NodeReport.decode(bytes));
    });
  }

  /** Nobody says whether it is heard. */
  #throughNats(): ReportSink {
    const { process, network, nats, controlPlane } = this.#parts;
    return {
      report: async (report) => {
        const bytes = NodeReport.encode(report).finish();
        const subject = reportSubject(NATS_PREFIX, report.nodeId);
        network.send(process, nats, () =>
          network.send(nats, controlPlane, () => controlPlane.fleet.heard(subject, bytes)),
        );
        return [];
      },
    };
  }
}
