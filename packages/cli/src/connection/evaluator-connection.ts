/** The evaluator's EvaluationService as a command uses it, in one project and environment. */
import {
  EvaluationServiceClient,
  type WatchRequest,
  type WatchResponse,
} from '@flagstream/protocol/gen/flagstream/v1/evaluation';
import {
  type CallOptions,
  type ClientReadableStream,
  type ClientUnaryCall,
  Metadata,
  type ServiceError,
} from '@grpc/grpc-js';
import { CHANNEL_OPTIONS } from './admin-connection.ts';
import { callUnary } from './call.ts';
import type { Endpoint } from './endpoint.ts';

type EvaluationMethod<I, O> = (
  request: I,
  metadata: Metadata,
  options: Partial<CallOptions>,
  callback: (error: ServiceError | null, response: O) => void,
) => ClientUnaryCall;

/** Without a key the request says which environment it means; a key of another one refuses what they say. */
const PROJECT_METADATA = 'flagstream-project';
const ENVIRONMENT_METADATA = 'flagstream-environment';

/** Where flags are asked for; what is undefined is left to the key. */
export interface EvaluatorScope {
  readonly project: string | undefined;
  readonly environment: string | undefined;
}

export class EvaluatorConnection {
  readonly endpoint: Endpoint;
  /** What it asks about, for people. */
  readonly place: string;
  readonly client: EvaluationServiceClient;
  readonly #metadata = new Metadata();
  readonly #timeoutMs: number;

  constructor(endpoint: Endpoint, scope: EvaluatorScope, timeoutMs: number) {
    this.endpoint = endpoint;
    this.client = new EvaluationServiceClient(endpoint.address, endpoint.channel, {
      ...CHANNEL_OPTIONS,
      ...endpoint.calls,
    });
    const { project, environment } = scope;
    if (project !== undefined) this.#metadata.set(PROJECT_METADATA, project);
    if (environment !== undefined) this.#metadata.set(ENVIRONMENT_METADATA, environment);
    this.place =
      project === undefined || environment === undefined
        ? "the key's environment"
        : `${project}/${environment}`;
    this.#timeoutMs = timeoutMs;
  }

  /** @throws FlagstreamError as the server answered, or UNREACHABLE, TIMEOUT. */
  call<I, O>(method: EvaluationMethod<I, O>, request: I): Promise<O> {
    return callUnary(this.client, method, request, {
      endpoint: this.endpoint,
      metadata: this.#metadata,
      timeoutMs: this.#timeoutMs,
    });
  }

  watch(request: WatchRequest): ClientReadableStream<WatchResponse> {
    return this.client.watch(request, this.#metadata);
  }

  close(): void {
    this.client.close();
  }
}
