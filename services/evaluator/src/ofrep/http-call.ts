/** A request over HTTP as the handlers of a call see it, and its headers as the one door reads them. */
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { invalidField } from '@flagstream/protocol';
import {
  type CallContext,
  ENVIRONMENT_METADATA,
  type KeyQuota,
  type Logger,
  PROJECT_METADATA,
  type Principal,
} from '@flagstream/runtime';
import { Metadata } from '@grpc/grpc-js';
import { SELECTOR_METADATA } from '../flagd/selector.ts';

const AUTHORIZATION = 'authorization';
const API_KEY = 'x-api-key';

/** The headers of ours, by the names that they have as metadata. */
const TAKEN = [AUTHORIZATION, PROJECT_METADATA, ENVIRONMENT_METADATA, SELECTOR_METADATA];

/**
 * @param query what a caller has put into an address who can send no headers, as a browser's EventSource
 * @throws FlagstreamError INVALID_FIELD
 */
export function metadataOf(headers: IncomingHttpHeaders, query?: Pick<URLSearchParams, 'get'>): Metadata {
  const metadata = new Metadata();
  for (const name of TAKEN) put(metadata, name, headers[name]);
  if (headers[AUTHORIZATION] === undefined && headers[API_KEY] !== undefined)
    put(metadata, AUTHORIZATION, `Bearer ${String(headers[API_KEY])}`);
  if (query === undefined) return metadata;
  const named = {
    [PROJECT_METADATA]: query.get('project'),
    [ENVIRONMENT_METADATA]: query.get('environment'),
  };
  for (const [name, value] of Object.entries(named))
    if (value !== null && headers[name] === undefined) put(metadata, name, value);
  return metadata;
}

function put(metadata: Metadata, name: string, value: string | readonly string[] | undefined): void {
  if (value === undefined) return;
  try {
    metadata.set(name, String(value));
  } catch {
    throw invalidField(name, 'holds characters that no such header has');
  }
}

export interface HttpCallParts {
  readonly principal: Principal;
  /** "POST /ofrep/v1/evaluate/flags". */
  readonly method: string;
  readonly metadata: Metadata;
  readonly response: ServerResponse;
  readonly logger: Logger;
  readonly quota: KeyQuota;
}

export class HttpCall implements CallContext {
  readonly principal: Principal;
  readonly method: string;
  readonly metadata: Metadata;
  readonly deadlineMs = undefined;
  readonly #parts: HttpCallParts;
  #abort: AbortController | undefined;

  constructor(parts: HttpCallParts) {
    this.#parts = parts;
    this.principal = parts.principal;
    this.method = parts.method;
    this.metadata = parts.metadata;
  }

  get logger(): Logger {
    return this.#parts.logger.child({ 'http.route': this.method });
  }

  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      const abort = new AbortController();
      this.#abort = abort;
      const { response } = this.#parts;
      if (response.closed) abort.abort();
      else response.once('close', () => abort.abort());
    }
    return this.#abort.signal;
  }

  costs(calls: number): void {
    // One was taken when the request was let in.
    if (calls > 1 && this.principal.kind !== 'anonymous')
      this.#parts.quota.takeCalls(this.principal.id, calls - 1);
  }
}
