/**
 * The open streams of OFREP's events: who may have one, when it begins and how it ends. Their clients keep the flags that
 * they have while they have no stream, and come back by themselves.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FlagstreamError } from '@flagstream/protocol';
import {
  type CallContext,
  type KeyQuota,
  type Principal,
  type Standing,
  watchStanding,
} from '@flagstream/runtime';
import { inTurn, type StreamAdmission } from '../admission/stream-admission.ts';
import { openLatest, type StreamWakers } from '../fanout/open-latest.ts';
import type { StreamRegistry } from '../fanout/stream-registry.ts';
import { selectionOf } from '../flagd/selected-view.ts';
import { selectorOf } from '../flagd/selector.ts';
import { viewFor } from '../serve/answer-view.ts';
import { ANY_REVISION, type BoundedAnswers } from '../serve/bounded-answers.ts';
import type { Headers } from './answer.ts';
import { EventFrames } from './event-frames.ts';
import type { NewestChanges } from './newest-changes.ts';

export interface EventStreamsParts extends StreamWakers {
  readonly answers: BoundedAnswers;
  readonly admission: StreamAdmission;
  readonly ofrepStreams: StreamRegistry;
  readonly changes: NewestChanges;
  readonly quota: KeyQuota;
  readonly standing: Standing;
}

/** Proxies close what is silent for a minute. */
const HEARTBEAT_MS = 30_000;

interface Open {
  readonly principal: Principal;
  end(): void;
}

export class EventStreams {
  readonly #parts: EventStreamsParts;
  readonly #open = new Set<Open>();
  readonly #stopLooking: () => void;

  constructor(parts: EventStreamsParts) {
    this.#parts = parts;
    this.#stopLooking = watchStanding(parts.standing, (check) => {
      for (const open of this.#open) if (check(open.principal) !== undefined) open.end();
    });
  }

  /** @throws FlagstreamError OVERLOADED, NOT_READY, or what is wrong with its environment or selector */
  open(
    request: IncomingMessage,
    response: ServerResponse,
    call: CallContext,
    headers: Headers,
  ): void | Promise<void> {
    const { admission, answers, quota } = this.#parts;
    const { principal } = call;
    const release = principal.kind === 'anonymous' ? undefined : quota.openStream(principal.id);
    if (release !== undefined) response.once('close', release);
    const held = {
      get cancelled(): boolean {
        return response.destroyed;
      },
      get writableEnded(): boolean {
        return response.writableEnded;
      },
    };
    return inTurn(admission, held, () =>
      answers.answerOfAll(ANY_REVISION, call, () => {
        if (!held.cancelled && !held.writableEnded) this.#begin(request, response, call, headers);
      }),
    );
  }

  close(): void {
    this.#stopLooking();
  }

  #begin(
    request: IncomingMessage,
    response: ServerResponse,
    { principal, metadata }: CallContext,
    headers: Headers,
  ): void {
    const { serving, ofrepStreams, changes } = this.#parts;
    const { environment, selector } = selectionOf(serving, principal, selectorOf(metadata));
    const lastEventId = request.headers['last-event-id'];
    response.writeHead(200, {
      ...headers,
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      // nginx would gather events.
      'x-accel-buffering': 'no',
    });
    const stream = openLatest(this.#parts, ofrepStreams, {
      sink: {
        write: (frame, taken) => void response.write(frame, taken),
        fail: (error) => end(response, error),
      },
      environment,
      content: new EventFrames({
        environment,
        serving,
        viewOf: viewFor(principal),
        selector,
        lastEventId: lastEventId === undefined ? undefined : String(lastEventId),
        isJustChanged: changes.isJustChanged(environment, serving.now()),
      }),
      keepAliveMs: HEARTBEAT_MS,
      onClose: () => this.#open.delete(open),
    });
    const open: Open = {
      principal,
      end: () => {
        stream.left();
        response.end();
      },
    };
    this.#open.add(open);
    response.once('close', () => stream.left());
  }
}

/** A client that takes nothing would not take an end either. */
function end(response: ServerResponse, { reason }: FlagstreamError): void {
  if (reason === 'OVERLOADED') response.destroy();
  else response.end();
}
