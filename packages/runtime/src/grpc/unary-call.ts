/**
 * Calls with one request and one answer, over what grpc-js has beneath its own
 * handling of them. That makes a stream for each call, and ends the answer only
 * once the socket has its message: another turn of the loop and another pass
 * over the connection, together a tenth of what a short call costs or more.
 */
import type { ServerHttp2Stream } from 'node:http2';
import { type Metadata, type ServiceError, type StatusObject, status } from '@grpc/grpc-js';
import { PromptTrailers } from './prompt-trailers.ts';
import type { AnyCall } from './server-call.ts';

/** What is used of grpc-js's call. */
export interface InsideCall {
  readonly stream: ServerHttp2Stream;
  /** Its end has been written: a deadline that passes later ends nothing. */
  wantTrailers: boolean;
  start(listener: CallListener): void;
  startRead(): void;
  sendMessage(message: unknown, taken: () => void): void;
  sendStatus(status: Pick<StatusObject, 'code' | 'details'> & { readonly metadata: Metadata | null }): void;
  getPeer(): string;
  getDeadline(): Date | number;
  /** True when nobody waits for it. */
  checkCancelled(): boolean;
  /** Lets go of it. */
  notifyOnCancel(): void;
}

interface CallListener {
  onReceiveMetadata(metadata: Metadata): void;
  onReceiveMessage(message: unknown): void;
  onReceiveHalfClose(): void;
  /** The call is over: cancelled, past its deadline, or answered. */
  onCancel(): void;
}

/** A call whose one request is there. */
export type AskedCall = AnyCall & { readonly request: unknown };

export type AnswerUnary = (
  call: AskedCall,
  callback: (failure: ServiceError | null, answer?: unknown) => void,
) => void;

/** A message is for errors. */
const OK = { 'grpc-status': status.OK, 'grpc-message': '' } as const;
const okTrailers = new PromptTrailers(OK);
const NOBODY_WAITS = (): void => undefined;

class UnaryCall implements AnyCall {
  readonly metadata: Metadata;
  readonly request: unknown;
  cancelled = false;
  readonly #inside: InsideCall;
  #listeners: (() => void)[] | undefined;

  constructor(inside: InsideCall, metadata: Metadata, request: unknown) {
    this.#inside = inside;
    this.metadata = metadata;
    this.request = request;
  }

  getPeer(): string {
    return this.#inside.getPeer();
  }

  getDeadline(): Date | number {
    return this.#inside.getDeadline();
  }

  once(_event: 'cancelled', listener: () => void): void {
    if (this.#listeners === undefined) this.#listeners = [listener];
    else this.#listeners.push(listener);
  }

  over(): void {
    this.cancelled = true;
    const listeners = this.#listeners;
    this.#listeners = undefined;
    for (const listener of listeners ?? []) listener();
  }
}

/** At once: the message's own frame then says that none follows, and the trailers share its packet. */
function endWell(inside: InsideCall): void {
  if (inside.checkCancelled()) return;
  const { stream } = inside;
  inside.wantTrailers = true;
  stream.once('wantTrailers', () => {
    okTrailers.send(stream);
    inside.notifyOnCancel();
  });
  stream.end();
}

/** Reads the request of a call, has it answered, and sends that. */
export function serveUnary(inside: InsideCall, answer: AnswerUnary): void {
  let metadata: Metadata;
  let request: unknown;
  let call: UnaryCall | undefined;
  // In gRPC's own words, as every server says it.
  const refuse = (details: string): void =>
    inside.sendStatus({ code: status.UNIMPLEMENTED, details, metadata: null });
  const respond = (failure: ServiceError | null, message?: unknown): void => {
    if (failure !== null) {
      inside.sendStatus(failure);
      return;
    }
    inside.sendMessage(message, NOBODY_WAITS);
    endWell(inside);
  };
  inside.start({
    onReceiveMetadata: (received) => {
      metadata = received;
      inside.startRead();
    },
    onReceiveMessage: (message) => {
      if (request !== undefined) {
        refuse('Received a second request message for a unary method');
        return;
      }
      request = message;
      inside.startRead();
    },
    onReceiveHalfClose: () => {
      if (request === undefined) {
        refuse('Received no request message for a unary method');
        return;
      }
      call = new UnaryCall(inside, metadata, request);
      answer(call, respond);
    },
    onCancel: () => call?.over(),
  });
}
