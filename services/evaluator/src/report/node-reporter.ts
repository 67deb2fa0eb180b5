/**
 * Tells the control plane what only this node knows. Reports repeat
 * themselves, so that one that is lost, or a control plane that starts anew,
 * needs no answer from here; one is on its way at a time.
 */
import { freshnessToWire, LIMITS, messageOf, positionToWire, timestampOf } from '@flagstream/protocol';
import { NodeReport } from '@flagstream/protocol/gen/flagstream/v1/fleet';
import type { Freshness, Position } from '@flagstream/replica';
import type { KeyUse, Logger } from '@flagstream/runtime';
import type { DeliveryLedger } from './delivery-ledger.ts';
import type { ReportSink } from './report-sinks.ts';

export interface NodeReporterOptions {
  readonly nodeId: string;
  readonly version: string;
  readonly use: KeyUse;
  readonly delivery: DeliveryLedger;
  readonly serving: { position(): Position; freshness(): Freshness };
  readonly sink: ReportSink;
  /** When the process began, in Unix milliseconds. */
  readonly startedMs: number;
  readonly logger: Logger;
  readonly monotonicMs: () => number;
}

/** Every so many reports tell again what was told before, and that the node lives. */
const AGAIN_EVERY = 10;

export class NodeReporter {
  readonly #options: NodeReporterOptions;
  readonly counters = { sent: 0, failed: 0 };
  #timer: NodeJS.Timeout | undefined;
  #ticks = 0;
  #sending: Promise<void> | undefined;
  /** What was told last, but for how long ago things were. */
  #told = '';
  /** Instances that the control plane looks for. */
  #wanted: ReadonlySet<string> = new Set();
  /** Told of once, until it is another one or none. */
  #failure = '';

  constructor(options: NodeReporterOptions) {
    this.#options = options;
  }

  start(): void {
    this.#timer = setInterval(() => this.tick(), LIMITS.nodeReportMs);
    this.#timer.unref();
  }

  /** Takes leave: all clients have left. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#sending;
    this.#tell(false, true);
    await this.#sending;
  }

  /** Called once per LIMITS.nodeReportMs. */
  tick(): void {
    if (this.#sending === undefined) this.#tell(this.#ticks % AGAIN_EVERY === 0, false);
    this.#ticks += 1;
  }

  #tell(again: boolean, leaving: boolean): void {
    const { use, sink, delivery } = this.#options;
    const report = this.#report(use.take(LIMITS.nodeReportKeysMax, again), leaving);
    const told = comparable(report);
    if (!again && !leaving && report.usedKeys.length === 0 && told === this.#told) return;
    this.#told = told;
    const sequence = BigInt(delivery.numbered());
    this.#sending = sink.report({ ...report, sequence }).then(
      (wanted) => this.#heard(wanted),
      (error: unknown) => this.#failed(messageOf(error)),
    );
  }

  #report(used: ReturnType<KeyUse['take']>, leaving: boolean): NodeReport {
    const { nodeId, version, delivery, serving, startedMs, monotonicMs } = this.#options;
    return {
      nodeId,
      bootId: delivery.bootId,
      version,
      sequence: 0n,
      applied: positionToWire(serving.position()),
      freshness: freshnessToWire(serving.freshness()),
      usedKeys: used.map(([keyId, lastMs]) => ({ keyId, lastUsedTime: timestampOf(lastMs) })),
      ...delivery.reports(monotonicMs()),
      found: delivery.find(this.#wanted),
      leaving,
      startTime: timestampOf(startedMs),
    };
  }

  #heard(wanted: readonly string[]): void {
    this.#sending = undefined;
    this.#wanted = new Set(wanted);
    this.counters.sent += 1;
    this.#failure = '';
  }

  #failed(detail: string): void {
    this.#sending = undefined;
    // What was not heard is news still.
    this.#told = '';
    this.counters.failed += 1;
    if (this.#failure === detail) return;
    this.#failure = detail;
    this.#options.logger.warn({ detail }, 'the control plane does not hear the reports of this node');
  }
}

/** Ages pass without anything having happened. */
function comparable(report: NodeReport): string {
  const timeless = { ...report, freshness: undefined, usedKeys: [] };
  const bytes = NodeReport.encode({
    ...timeless,
    environments: report.environments.map((environment) => ({
      ...environment,
      laggards: environment.laggards.map((client) => ({ ...client, silentMs: 0n })),
      departed: environment.departed.map((client) => ({ ...client, silentMs: 0n })),
    })),
  }).finish();
  return Buffer.from(bytes).toString('base64');
}
