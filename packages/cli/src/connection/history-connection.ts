/** The control plane's HistoryService as a command uses it. */
import {
  type AnswerChange,
  HistoryServiceClient,
  type ListAnswerChangesRequest,
} from '@flagstream/protocol/gen/flagstream/v1/history';
import { Metadata } from '@grpc/grpc-js';
import { CHANNEL_OPTIONS, readPages } from './admin-connection.ts';
import { type CallSettings, callUnary, type UnaryMethod } from './call.ts';
import type { Endpoint } from './endpoint.ts';

export class HistoryConnection {
  readonly client: HistoryServiceClient;
  readonly #settings: CallSettings;

  constructor(endpoint: Endpoint, timeoutMs: number) {
    this.client = new HistoryServiceClient(endpoint.address, endpoint.channel, {
      ...CHANNEL_OPTIONS,
      ...endpoint.calls,
    });
    this.#settings = { endpoint, metadata: new Metadata(), timeoutMs };
  }

  /**
   * One call of a method of `client`.
   * @throws FlagstreamError as the server answered, or UNREACHABLE, TIMEOUT.
   */
  call<I, O>(method: UnaryMethod<I, O>, request: I): Promise<O> {
    return callUnary(this.client, method, request, this.#settings);
  }

  /** Newest first. */
  answerChanges(
    query: Omit<ListAnswerChangesRequest, 'pageSize' | 'pageToken'>,
    limit: number,
  ): Promise<AnswerChange[]> {
    return readPages(async (pageToken, pageSize) => {
      const request = { ...query, pageSize, pageToken };
      const { changes, nextPageToken } = await this.call(this.client.listAnswerChanges, request);
      return { items: changes, nextPageToken };
    }, limit);
  }

  close(): void {
    this.client.close();
  }
}
