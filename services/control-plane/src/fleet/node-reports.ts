/**
 * What nodes tell of themselves, as soft state. Nothing here may decide about
 * a write: whoever may report could invent all of it.
 */
import { fail, invalidField, LIMITS, messageOf, reportSubject, unixMsOf } from '@flagstream/protocol';
import { NodeReport } from '@flagstream/protocol/gen/flagstream/v1/fleet';
import type { Position } from '@flagstream/replica';
import type { KeyRing, KeyUse, KeyUseEntry, Logger, Metrics } from '@flagstream/runtime';
import type { Fleet } from './fleet.ts';

export interface NodeReportsOptions {
  readonly use: KeyUse;
  /** Keys that are not there are not remembered. */
  readonly ring: KeyRing;
  readonly fleet: Fleet;
  readonly head: () => Position;
  /** Unix milliseconds. */
  readonly now: () => number;
  readonly monotonicMs: () => number;
  readonly natsPrefix: string;
  readonly logger: Logger;
}

export class NodeReports {
  readonly #options: NodeReportsOptions;
  readonly #counters = { taken: 0, refused: 0 };

  constructor(options: NodeReportsOptions) {
    this.#options = options;
  }

  /**
   * Answers the instances that its node is asked for.
   * @throws FlagstreamError INVALID_FIELD
   */
  take(report: NodeReport): string[] {
    this.#counted(() => this.#take(report));
    return this.#options.fleet.wantedOf(report.nodeId);
  }

  /** The same for an evaluator in this process. */
  async report(report: NodeReport): Promise<readonly string[]> {
    return this.take(report);
  }

  /** Over NATS, where nobody waits for an answer. */
  heard(subject: string, bytes: Uint8Array): void {
    const { natsPrefix, logger } = this.#options;
    try {
      this.#counted(() => {
        if (bytes.length > LIMITS.nodeReportBytesMax)
          throw fail('REQUEST_TOO_LARGE', `${bytes.length} bytes`);
        const report = NodeReport.decode(bytes);
        if (reportSubject(natsPrefix, report.nodeId) !== subject)
          throw invalidField('node_id', 'is another than the subject says');
        this.#take(report);
      });
    } catch (error) {
      logger.debug({ subject, detail: messageOf(error) }, 'a report was not taken');
    }
  }

  exportMetrics(metrics: Metrics): void {
    metrics.countedBy('outcome', 'node_reports_total', 'Reports of nodes.', () =>
      Object.entries(this.#counters),
    );
  }

  #take(report: NodeReport): void {
    const { nodeId, usedKeys, environments } = report;
    const { use, fleet, head, monotonicMs } = this.#options;
    if (nodeId === '' || nodeId.length > LIMITS.nodeIdLengthMax)
      throw invalidField('report.node_id', `must have 1 to ${LIMITS.nodeIdLengthMax} characters`);
    if (usedKeys.length > LIMITS.nodeReportKeysMax)
      throw invalidField('report.used_keys', `must be at most ${LIMITS.nodeReportKeysMax}`);
    if (environments.length > LIMITS.reportedEnvironmentsMax)
      throw invalidField('report.environments', `must be at most ${LIMITS.reportedEnvironmentsMax}`);
    use.merge(this.#entries(usedKeys));
    fleet.take({ ...report, usedKeys: [] }, head(), monotonicMs());
  }

  *#entries(usedKeys: NodeReport['usedKeys']): Generator<KeyUseEntry> {
    const { ring, now } = this.#options;
    const nowMs = now();
    // A clock that is ahead must not make a key look used for a year.
    for (const { keyId, lastUsedTime } of usedKeys)
      if (lastUsedTime !== undefined && ring.has(keyId))
        yield [keyId, Math.min(unixMsOf(lastUsedTime), nowMs)];
  }

  #counted(take: () => void): void {
    try {
      take();
      this.#counters.taken += 1;
    } catch (error) {
      this.#counters.refused += 1;
      throw error;
    }
  }
}
