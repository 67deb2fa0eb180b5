/** The control plane's FleetService as a command uses it. */
import {
  FleetServiceClient,
  type Rollout,
  type WatchRolloutResponse,
} from '@flagstream/protocol/gen/flagstream/v1/fleet';
import type { Revision } from '@flagstream/protocol/gen/flagstream/v1/model';
import { type ClientReadableStream, Metadata } from '@grpc/grpc-js';
import { type CallSettings, callUnary, type UnaryMethod } from './call.ts';
import type { Endpoint } from './endpoint.ts';

export class FleetConnection {
  readonly endpoint: Endpoint;
  readonly client: FleetServiceClient;
  readonly #settings: CallSettings;

  constructor(endpoint: Endpoint, timeoutMs: number) {
    this.endpoint = endpoint;
    this.client = new FleetServiceClient(endpoint.address, endpoint.channel, endpoint.calls);
    this.#settings = { endpoint, metadata: new Metadata(), timeoutMs };
  }

  /**
   * One call of a method of `client`.
   * @throws FlagstreamError as the server answered, or UNREACHABLE, TIMEOUT.
   */
  call<I, O>(method: UnaryMethod<I, O>, request: I): Promise<O> {
    return callUnary(this.client, method, request, this.#settings);
  }

  /** Where a revision stands, now and each time that something moves; it does not end by itself. */
  watch(revision: Revision | undefined): ClientReadableStream<WatchRolloutResponse> {
    return this.client.watchRollout({ revision, follow: false });
  }

  /** The same of the newest revision, whichever that is. */
  follow(): ClientReadableStream<WatchRolloutResponse> {
    return this.client.watchRollout({ revision: undefined, follow: true });
  }

  close(): void {
    this.client.close();
  }
}

/** Nobody owes the revision, or nobody but those who have left. */
export function isDone({ complete, departed }: Rollout, ignoreDeparted: boolean): boolean {
  return complete && (departed === 0 || ignoreDeparted);
}
