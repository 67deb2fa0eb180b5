/**
 * Tells the control plane what only this node knows. Reports repeat
 * themselves, so that one that is lost, or a control plane that starts anew,
 * needs no answer from here; one is on its way at a time.
 */
import { LIMITS, messageOf, timestampOf } from '@flagstream/protocol';
import type { NodeReport } from '@flagstream/protocol/gen/flagstream/v1/fleet';
import type { KeyUse, Logger } from '@flagstream/runtime';
import type { ReportSink } from './report-sinks.ts';

export interface NodeReporterOptions {
  readonly nodeId: string;
  readonly use: KeyUse;
  readonly sink: ReportSink;
  readonly logger: Logger;
}

/** Every so many reports tell again what was told before. */
const AGAIN_EVERY = 10;

export class NodeReporter {
  readonly #options: NodeReporterOptions;
  readonly counters = { sent: 0, failed: 0 };
  #timer: NodeJS.Timeout | undefined;
  #ticks = 0;
  #sending: Promise<void> | undefined;
  /** Told of once, until it is another one or none. */
  #failure = '';

  constructor(options: NodeReporterOptions) {
    this.#options = options;
  }

  start(): void {
    this.#timer = setInterval(() => this.tick(), LIMITS.nodeReportMs);
    this.#timer.unref();
  }

  /** What is news is told before the node goes. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#sending;
    this.#tell(false);
    await this.#sending;
  }

  /** Called once per LIMITS.nodeReportMs. */
  tick(): void {
    if (this.#sending === undefined) this.#tell(this.#ticks % AGAIN_EVERY === 0);
    this.#ticks += 1;
  }

  #tell(again: boolean): void {
    const { nodeId, use, sink } = this.#options;
    const used = use.take(LIMITS.nodeReportKeysMax, again);
    if (used.length === 0) return;
    const report: NodeReport = {
      nodeId,
      usedKeys: used.map(([keyId, lastMs]) => ({ keyId, lastUsedTime: timestampOf(lastMs) })),
    };
    this.#sending = sink.report(report).then(
      () => this.#heard(),
      (error: unknown) => this.#failed(messageOf(error)),
    );
  }

  #heard(): void {
    this.#sending = undefined;
    this.counters.sent += 1;
    this.#failure = '';
  }

  #failed(detail: string): void {
    this.#sending = undefined;
    this.counters.failed += 1;
    if (this.#failure === detail) return;
    this.#failure = detail;
    this.#options.logger.warn({ detail }, 'the control plane does not hear the reports of this node');
  }
}
