/**
 * One request of OFREP from its head to its answer: who asks, whether there is room, the body, the answer. Who may not
 * come in is refused before anything of the body is read.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { JsonObject } from '@flagstream/engine';
import { fail, invalidField, LIMITS, limitExceeded, messageOf } from '@flagstream/protocol';
import {
  type Authenticate,
  admitCaller,
  type CrossOrigin,
  type HealthState,
  type KeyQuota,
  type Logger,
  type Principal,
} from '@flagstream/runtime';
import type { Metadata } from '@grpc/grpc-js';
import { flagSetMetadata } from '../flagd/flag-metadata.ts';
import type { AllMember, FlagdResolver } from '../flagd/resolver.ts';
import { selectionOf } from '../flagd/selected-view.ts';
import { parseSelector, SELECTOR_METADATA, selectorOf } from '../flagd/selector.ts';
import type { AnswerView } from '../serve/answer-view.ts';
import type { Serving } from '../serve/serving.ts';
import { type Headers, sendEmpty, sendJson, sendUnchanged } from './answer.ts';
import { bare, entityTag, matchesTag } from './entity-tag.ts';
import { eventStreams, PASS, type Passes, purposeOf } from './event-address.ts';
import { revisionOfTag } from './event-place.ts';
import type { EventStreams } from './event-streams.ts';
import { FlagItems } from './flag-items.ts';
import { HeldBytes, RequestHold } from './held-bytes.ts';
import { HttpCall, metadataOf } from './http-call.ts';
import type { NewestChanges } from './newest-changes.ts';
import { DEFECT, errorBody, type Refusal, refusalOf } from './refusal.ts';
import { contextOf, readBody } from './request-body.ts';
import type { RequestMetrics } from './request-metrics.ts';
import { METHODS, NO_ROUTE, type Target, targetOf } from './routes.ts';

export interface OfrepRequestsParts {
  readonly serving: Serving;
  readonly resolver: FlagdResolver;
  readonly events: EventStreams;
  readonly changes: NewestChanges;
  readonly authenticate: Authenticate;
  readonly passes: Passes;
  readonly quota: KeyQuota;
  /** Why a call that comes now is refused, as there are too many. */
  readonly lateRefusal: () => Error | undefined;
  readonly crossOrigin: CrossOrigin;
  readonly health: HealthState;
  readonly metrics: RequestMetrics;
  readonly logger: Logger;
  /** It speaks TLS. */
  readonly isSecure: boolean;
}

/** A request on its way. */
interface Exchange extends Target {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Of every answer to it. */
  readonly headers: Headers;
  readonly hold: RequestHold;
}

export class OfrepRequests {
  readonly #parts: OfrepRequestsParts;
  readonly #items = new FlagItems();
  readonly #held = new HeldBytes(LIMITS.ofrepHeldBytesMax);

  constructor(parts: OfrepRequestsParts) {
    this.#parts = parts;
  }

  /** Bytes of requests and answers that are on their way. */
  get heldBytes(): number {
    return this.#held.bytes;
  }

  readonly answer = (request: IncomingMessage, response: ServerResponse): void => {
    const target = targetOf(request.url ?? '/');
    const hold = new RequestHold(this.#held);
    const startedMs = performance.now();
    response.once('close', () => {
      hold.release();
      this.#count(target.route?.name ?? NO_ROUTE, request, response, performance.now() - startedMs);
    });
    // Its peer may be gone at any time: that is no error of ours.
    request.on('error', () => undefined);
    response.on('error', () => undefined);
    const { route, query } = target;
    const exchange = { route, query, request, response, hold, headers: this.#headersOf(request) };
    this.#answer(exchange)
      .catch((error: unknown) => this.#refuse(exchange, error))
      .catch((error: unknown) =>
        this.#parts.logger.error({ detail: messageOf(error) }, 'a refusal was not sent'),
      );
  };

  #headersOf({ headers }: IncomingMessage): Headers {
    const { crossOrigin, health } = this.#parts;
    // Callers of a node that stops shall find another one.
    const shared = crossOrigin.headers(headers);
    return health.draining ? { ...shared, connection: 'close' } : shared;
  }

  async #answer(exchange: Exchange): Promise<void> {
    const { route, request, response, headers, query } = exchange;
    const { crossOrigin } = this.#parts;
    if (route === undefined) {
      this.#sendRefusal(exchange, {
        ...NOT_FOUND,
        details: `there is nothing at ${shown(request.url)}: this port is OFREP's (/ofrep/v1/...), gRPC and Connect have another`,
      });
      return;
    }
    const method = METHODS[route.name];
    if (request.method === 'OPTIONS') {
      sendEmpty(response, 204, {
        ...headers,
        ...crossOrigin.preflightHeaders(request.headers),
        allow: `${method}, OPTIONS`,
      });
      return;
    }
    if (request.method !== method) {
      const refusal = {
        ...NOT_ALLOWED,
        details: `${request.method} is not for ${shown(request.url)}: use ${method}`,
      };
      this.#sendRefusal(exchange, refusal, { allow: `${method}, OPTIONS` });
      return;
    }
    // Streams have an admission of their own.
    if (route.name === 'events') return this.#stream(exchange, route.channel);
    const late = this.#parts.lateRefusal();
    if (late !== undefined) throw late;
    const metadata = metadataOf(request.headers);
    const principal = this.#admit(this.#parts.authenticate(metadata, peerOf(request)), request, method);
    const call = this.#callOf(exchange, principal, metadata);
    const body = await this.#read(exchange);
    call.costs(Math.ceil(body.length / LIMITS.requestBytesPerCall));
    const context = contextOf(body);
    if (route.name === 'flags') return this.#answerAll(exchange, call, context, query);
    return this.#answerOne(exchange, call, context, route.flagKey);
  }

  async #answerOne(
    { request, response, headers, hold }: Exchange,
    call: HttpCall,
    context: JsonObject | undefined,
    flagKey: string,
  ): Promise<void> {
    const { status, text } = await this.#parts.resolver.one(flagKey, context, call, (view, evaluation) =>
      this.#items.of(view, evaluation),
    );
    sendJson(request, response, { status, text, headers, hold });
  }

  async #answerAll(
    { request, response, headers, hold }: Exchange,
    call: HttpCall,
    context: JsonObject | undefined,
    query: Target['query'],
  ): Promise<void> {
    const { resolver, serving, changes, passes, isSecure } = this.#parts;
    const { principal, metadata } = call;
    const selector = String(metadata.get(SELECTOR_METADATA)[0] ?? '');
    const streams = eventStreams(principal, selector, request.headers, { passes, isSecure });
    changes.follow(selectionOf(serving, principal, selectorOf(metadata)).environment);
    const wanted = query.get('flagConfigEtag');
    // Who was told of a change by another node shall not be answered from before it.
    const minRevision = wanted === null ? undefined : revisionOfTag(wanted);
    const text = await resolver.all(context, call, (view, members) => this.#bulk(view, members, streams), {
      minRevision,
      allowStale: true,
    });
    const tag = entityTag(text);
    const isForced = wanted !== null && minRevision === undefined && bare(wanted) !== bare(tag);
    if (!isForced && matchesTag(request.headers['if-none-match'], tag)) {
      sendUnchanged(request, response, text, { ...headers, etag: tag });
      return;
    }
    sendJson(request, response, {
      status: 200,
      text,
      headers: { ...headers, etag: tag },
      hold,
    });
  }

  /** @throws FlagstreamError LIMIT_EXCEEDED */
  #bulk(view: AnswerView, members: readonly AllMember[], streams: readonly object[]): string {
    const items: string[] = [];
    let length = 0;
    for (const { evaluation } of members) {
      const { text } = this.#items.of(view, evaluation);
      length += text.length;
      if (length > LIMITS.ofrepAnswerBytesMax)
        throw limitExceeded('flags', `their answers are longer than ${LIMITS.ofrepAnswerBytesMax} bytes`);
      items.push(text);
    }
    const metadata = JSON.stringify(flagSetMetadata(view));
    return `{"flags":[${items.join(',')}],"metadata":${metadata},"eventStreams":${JSON.stringify(streams)}}`;
  }

  async #stream(exchange: Exchange, channel: string): Promise<void> {
    const { request, response, headers, query } = exchange;
    const metadata = metadataOf(request.headers, query);
    if (channel !== '' && metadata.get(SELECTOR_METADATA).length === 0)
      metadata.set(SELECTOR_METADATA, checkedChannel(channel));
    const principal = this.#admit(this.#listener(exchange, metadata), request, METHODS.events);
    await this.#parts.events.open(request, response, this.#callOf(exchange, principal, metadata), headers);
  }

  /** Who opens a stream, by a key or by what stands for one in its address. */
  #listener({ request, query }: Exchange, metadata: Metadata): Principal {
    const { authenticate, passes } = this.#parts;
    const pass = query.get(PASS);
    if (pass === null || metadata.get('authorization').length > 0)
      return authenticate(metadata, peerOf(request));
    const selector = String(metadata.get(SELECTOR_METADATA)[0] ?? '');
    const [project, environment] = [query.get('project') ?? '', query.get('environment') ?? ''];
    return passes.admitPass(pass, purposeOf({ project, environment, selector }), metadata);
  }

  /** @throws FlagstreamError UNAUTHENTICATED, PERMISSION_DENIED, OVERLOADED */
  #admit(principal: Principal, request: IncomingMessage, method: string): Principal {
    const isKeyless = principal.kind === 'anonymous' || principal.kind === 'keyless';
    // A page that has a key was given it; one that needs none could be any page of the developer's browser.
    const foreign = isKeyless ? this.#parts.crossOrigin.refusal(request) : undefined;
    if (foreign !== undefined) throw fail('PERMISSION_DENIED', foreign);
    return admitCaller(principal, 'evaluate', {
      quota: this.#parts.quota,
      method,
      howToShowKey: 'Authorization: Bearer KEY, or X-API-Key: KEY',
    });
  }

  #callOf({ route, response }: Exchange, principal: Principal, metadata: Metadata): HttpCall {
    const { logger, quota } = this.#parts;
    return new HttpCall({ principal, method: `ofrep ${route?.name}`, metadata, response, logger, quota });
  }

  #read({ request, hold }: Exchange): Promise<Buffer> {
    const { 'content-encoding': encoding = '' } = request.headers;
    if (/^(identity)?$/i.test(encoding)) return readBody(request, hold);
    request.resume();
    return Promise.reject(new Unsupported(`the body is encoded as ${shown(encoding)}: send it as it is`));
  }

  #refuse(exchange: Exchange, error: unknown): void {
    const { response, route } = exchange;
    if (response.headersSent || response.destroyed) {
      response.destroy();
      return;
    }
    const known =
      error instanceof Unsupported ? { ...UNSUPPORTED, details: error.message } : refusalOf(error);
    if (known === undefined)
      this.#parts.logger.error(
        { err: error, 'http.route': route?.name ?? NO_ROUTE },
        'a request of OFREP failed with an error nobody foresaw',
      );
    this.#sendRefusal(exchange, known ?? DEFECT, error instanceof Unsupported ? TAKEN_ENCODINGS : {});
  }

  #sendRefusal({ request, response, headers, route }: Exchange, refusal: Refusal, more: Headers = {}): void {
    const { status, retryAfterSeconds } = refusal;
    const flagKey = route?.name === 'flag' ? route.flagKey : undefined;
    // What is left of the body is read and dropped, within the time that a request has.
    request.resume();
    sendJson(request, response, {
      status,
      text: JSON.stringify(errorBody(refusal, flagKey)),
      headers: {
        ...headers,
        ...more,
        ...(retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) }),
        ...(status === 401 ? { 'www-authenticate': 'Bearer' } : {}),
      },
    });
  }

  #count(route: string, { method }: IncomingMessage, response: ServerResponse, durationMs: number): void {
    const { metrics, logger } = this.#parts;
    const status = response.headersSent ? response.statusCode : 0;
    metrics.over(route, status, durationMs / 1_000);
    if (logger.isLevelEnabled('debug'))
      logger.debug(
        {
          'http.method': method,
          'http.route': route,
          'http.status': status,
          duration_ms: Math.round(durationMs),
        },
        'OFREP request',
      );
  }
}

/** A body that is compressed could be a thousand times as large as it looks. */
class Unsupported extends Error {}

const NOT_FOUND = { status: 404, code: 'GENERAL', retryAfterSeconds: undefined } as const;
const NOT_ALLOWED = { status: 405, code: 'GENERAL', retryAfterSeconds: undefined } as const;
const UNSUPPORTED = { status: 415, code: 'GENERAL', retryAfterSeconds: undefined } as const;
/** Encodings of a body that is taken, for who sent another one. */
const TAKEN_ENCODINGS: Headers = { 'accept-encoding': 'identity' };

/** What callers sent, within an answer. */
const SHOWN_LENGTH_MAX = 200;

function shown(text = ''): string {
  return text.slice(0, SHOWN_LENGTH_MAX);
}

/** A selector, of characters that metadata takes. @throws FlagstreamError INVALID_FIELD */
function checkedChannel(channel: string): string {
  if (!/^[ -~]*$/.test(channel)) throw invalidField('channel', 'holds characters that no selector has');
  parseSelector(channel, 'channel');
  return channel;
}

function peerOf({ socket }: IncomingMessage): string {
  return `${socket.remoteAddress}:${socket.remotePort}`;
}
