/**
 * The control plane's AdminService as a command uses it: one project, promises,
 * lists read to their end.
 */
import { LIMITS } from '@flagstream/protocol';
import { AdminServiceClient } from '@flagstream/protocol/gen/flagstream/v1/admin';
import {
  type CallOptions,
  type ChannelOptions,
  type ClientUnaryCall,
  Metadata,
  type ServiceError,
} from '@grpc/grpc-js';
import { callUnary } from './call.ts';
import type { Endpoint } from './endpoint.ts';

/** Whole sets travel in one message: an apply of 10,000 flags, a list of large segments. */
export const CHANNEL_OPTIONS: ChannelOptions = {
  'grpc.max_receive_message_length': LIMITS.adminRequestBytesMax,
  'grpc.max_send_message_length': LIMITS.adminRequestBytesMax,
};

type AdminMethod<I, O> = (
  request: I,
  metadata: Metadata,
  options: Partial<CallOptions>,
  callback: (error: ServiceError | null, response: O) => void,
) => ClientUnaryCall;

/** One page of a list. */
interface Page<T> {
  readonly items: readonly T[];
  readonly nextPageToken: string;
}

export class AdminConnection {
  readonly endpoint: Endpoint;
  readonly client: AdminServiceClient;
  readonly #timeoutMs: number;

  constructor(endpoint: Endpoint, timeoutMs: number) {
    this.endpoint = endpoint;
    this.client = new AdminServiceClient(endpoint.address, endpoint.channel, {
      ...CHANNEL_OPTIONS,
      ...endpoint.calls,
    });
    this.#timeoutMs = timeoutMs;
  }

  /**
   * One call of a method of `client`.
   * @throws FlagstreamError as the server answered, or UNREACHABLE, TIMEOUT.
   */
  call<I, O>(method: AdminMethod<I, O>, request: I): Promise<O> {
    return callUnary(this.client, method, request, {
      endpoint: this.endpoint,
      metadata: new Metadata(),
      timeoutMs: this.#timeoutMs,
    });
  }

  close(): void {
    this.client.close();
  }
}

/** Reads a paged list to its end, at most `limit` items. */
export async function readPages<T>(
  readPage: (pageToken: string, pageSize: number) => Promise<Page<T>>,
  limit: number = Number.POSITIVE_INFINITY,
): Promise<T[]> {
  const items: T[] = [];
  let pageToken = '';
  do {
    const page = await readPage(pageToken, Math.min(LIMITS.pageSizeMax, limit - items.length));
    items.push(...page.items);
    pageToken = page.nextPageToken;
  } while (pageToken !== '' && items.length < limit);
  return items.slice(0, limit);
}
