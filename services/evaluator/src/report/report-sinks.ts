/** Where a node's reports go: the control plane, over gRPC or over NATS. */
import { fromServiceError, LIMITS } from '@flagstream/protocol';
import { type FleetServiceClient, NodeReport } from '@flagstream/protocol/gen/flagstream/v1/fleet';
import type { Bus } from '@flagstream/runtime';
import { Metadata, type ServiceError } from '@grpc/grpc-js';
import { firstAnswer } from '../follow/first-answer.ts';

export interface ReportSink {
  /** @throws FlagstreamError when it is known not to have been heard */
  report(report: NodeReport): Promise<void>;
}

/** A later answer than the next report is not worth waiting for. */
const ANSWER_TIMEOUT_MS = LIMITS.nodeReportMs;

export class ControlPlaneReports implements ReportSink {
  readonly #client: FleetServiceClient;

  constructor(client: FleetServiceClient) {
    this.#client = client;
  }

  report(report: NodeReport): Promise<void> {
    return new Promise((resolve, reject) => {
      const options = { deadline: Date.now() + ANSWER_TIMEOUT_MS };
      this.#client.reportNode({ report }, new Metadata(), options, (error: ServiceError | null) => {
        if (error === null) resolve();
        else reject(fromServiceError(error));
      });
    });
  }
}

/** Nobody says whether somebody listens there. */
export class NatsReports implements ReportSink {
  readonly #bus: Bus;

  constructor(bus: Bus) {
    this.#bus = bus;
  }

  async report(report: NodeReport): Promise<void> {
    this.#bus.publishReport(report.nodeId, NodeReport.encode(report).finish());
  }
}

/** The first that takes it, in order. */
export class FirstReports implements ReportSink {
  readonly #sinks: readonly ReportSink[];

  constructor(sinks: readonly ReportSink[]) {
    this.#sinks = sinks;
  }

  report(report: NodeReport): Promise<void> {
    return firstAnswer(this.#sinks, (sink) => sink.report(report));
  }
}
