/** The control plane's MaintenanceService as a command uses it. */
import { MaintenanceServiceClient } from '@flagstream/protocol/gen/flagstream/v1/maintenance';
import { Metadata } from '@grpc/grpc-js';
import { type CallSettings, callUnary, type UnaryMethod } from './call.ts';
import type { Endpoint } from './endpoint.ts';

export class MaintenanceConnection {
  readonly client: MaintenanceServiceClient;
  readonly #settings: CallSettings;

  constructor(endpoint: Endpoint, timeoutMs: number) {
    this.client = new MaintenanceServiceClient(endpoint.address, endpoint.channel, endpoint.calls);
    this.#settings = { endpoint, metadata: new Metadata(), timeoutMs };
  }

  /**
   * One call of a method of `client`.
   * @throws FlagstreamError as the server answered, or UNREACHABLE, TIMEOUT.
   */
  call<I, O>(method: UnaryMethod<I, O>, request: I): Promise<O> {
    return callUnary(this.client, method, request, this.#settings);
  }

  close(): void {
    this.client.close();
  }
}
