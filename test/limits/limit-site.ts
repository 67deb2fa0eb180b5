// One process with every gRPC door, and clients of each, for crossing limits.

import { EvaluationServiceClient } from '@flagstream/protocol/gen/flagstream/v1/evaluation';
import { FleetServiceClient } from '@flagstream/protocol/gen/flagstream/v1/fleet';
import { HistoryServiceClient } from '@flagstream/protocol/gen/flagstream/v1/history';
import { LogServiceClient } from '@flagstream/protocol/gen/flagstream/v1/log';
import { MaintenanceServiceClient } from '@flagstream/protocol/gen/flagstream/v1/maintenance';
import { StreamServiceClient } from '@flagstream/protocol/gen/flagstream/v1/stream';
import { type Client, type ClientDuplexStream, type ClientReadableStream, credentials } from '@grpc/grpc-js';
import { type DevInstance, startDev } from '../support/dev-instance.ts';
import { callUnary } from '../support/grpc-call.ts';
import { hold } from '../support/resources.ts';

export interface LimitSite {
  readonly dev: DevInstance;
  readonly admin: DevInstance['admin']['client'];
  readonly evaluation: EvaluationServiceClient;
  readonly fleet: FleetServiceClient;
  readonly history: HistoryServiceClient;
  readonly log: LogServiceClient;
  readonly maintenance: MaintenanceServiceClient;
  readonly stream: StreamServiceClient;
}

export async function startLimitSite(): Promise<LimitSite> {
  const dev = await startDev({ seed: 'demo' });
  const clientOf = <C extends Client>(
    Service: new (address: string, plaintext: ReturnType<typeof credentials.createInsecure>) => C,
    port: number,
  ): C => {
    const client = new Service(`127.0.0.1:${port}`, credentials.createInsecure());
    const release = (): void => client.close();
    hold({ what: `client of port ${port}`, release, releaseNow: release });
    return client;
  };
  return {
    dev,
    admin: dev.admin.client,
    evaluation: clientOf(EvaluationServiceClient, dev.evaluatorPort),
    fleet: clientOf(FleetServiceClient, dev.adminPort),
    history: clientOf(HistoryServiceClient, dev.adminPort),
    log: clientOf(LogServiceClient, dev.adminPort),
    maintenance: clientOf(MaintenanceServiceClient, dev.adminPort),
    stream: clientOf(StreamServiceClient, dev.evaluatorPort),
  };
}

/** The revision and digest of the log: what a refused write must not move. */
export async function headOf({ log }: LimitSite): Promise<string> {
  const { head } = await callUnary(log, log.getHead, {});
  return `${head?.headRevision} ${head?.stateDigest.toString()}`;
}

/** Resolves with the first message of a stream and leaves it; rejects with its ServiceError. */
export function firstMessage(
  stream: ClientReadableStream<unknown> | ClientDuplexStream<never, unknown>,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    // Leaving it is an error to the stream, too late for anybody.
    stream.on('error', reject);
    stream.once('data', (message: unknown) => {
      resolve(message);
      stream.cancel();
    });
  });
}
