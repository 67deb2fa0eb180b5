/** Where a node's reports go: the control plane, over gRPC or over NATS. */
import { fromServiceError, LIMITS } from '@flagstream/protocol';
import {
  type FleetServiceClient,
  NodeReport,
  type ReportNodeResponse,
} from '@flagstream/protocol/gen/flagstream/v1/fleet';
import type { Bus } from '@flagstream/runtime';
import { Metadata, type ServiceError } from '@grpc/grpc-js';
import { firstAnswer } from '../follow/first-answer.ts';

export interface ReportSink {
  /**
   * Answers instances that are looked for.
   * @throws FlagstreamError when it is known not to have been heard
   */
  report(report: NodeReport): Promise<readonly string[]>;
}

/** A later answer than the next report is not worth waiting for. */
const ANSWER_TIMEOUT_MS = LIMITS.nodeReportMs;

export class ControlPlaneReports implements ReportSink {
  readonly #client: FleetServiceClient;

  constructor(client: FleetServiceClient) {
    this.#client = client;
  }

  report(report: NodeReport): Promise<readonly string[]> {
    return new Promise((resolve, reject) => {
      const options = { deadline: Date.now() + ANSWER_TIMEOUT_MS };
      const answered = (error: ServiceError | null, answer: ReportNodeResponse): void => {
        if (error === null) resolve(answer.wantedInstances);
        else reject(fromServiceError(error));
      };
      this.#client.reportNode({ report }, new Metadata(), options, answered);
    });
  }
}

/** Nobody says whether somebody listens there, nor whom it looks for. */
export class NatsReports implements ReportSink {
  readonly #bus: Bus;

  constructor(bus: Bus) {
    this.#bus = bus;
  }

  async report(report: NodeReport): Promise<readonly string[]> {
    this.#bus.publishReport(report.nodeId, NodeReport.encode(report).finish());
    return [];
  }
}

/** The first that takes it, in order. */
export class FirstReports implements ReportSink {
  readonly #sinks: readonly ReportSink[];

  constructor(sinks: readonly ReportSink[]) {
    this.#sinks = sinks;
  }

  report(report: NodeReport): Promise<readonly string[]> {
    return firstAnswer(this.#sinks, (sink) => sink.report(report));
  }
}
