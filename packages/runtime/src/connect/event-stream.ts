/**
 * A stream of answers as server-sent events, for browsers: `data:` with the JSON of each message, a comment while there is
 * none, `event: error` with the error as the Connect protocol writes it, `event: end` where the handler ended it.
 *
 * What is refused before the first message is answered with its HTTP status: browsers come back by themselves after
 * anything else.
 */
import { type JsonWriteOptions, toJsonString } from '@bufbuild/protobuf';
import { Code, ConnectError } from '@connectrpc/connect';
import { codeToHttpStatus, errorToJsonBytes } from '@connectrpc/connect/protocol-connect';
import { LIMITS } from '@flagstream/protocol';
import { type AskedRequest, bodyOf, codingOf, readerOf } from './asked-request.ts';
import type { HttpRequest, HttpResponse } from './connect-call.ts';
import { callerLeft, connectError } from './connect-error.ts';
import { answered, type ConnectMethod, giveRequest, jsonOptions, openSink } from './connect-methods.ts';
import type { ConnectSink } from './connect-sink.ts';
import { takeWhole } from './request-body.ts';
import { timeoutMsOf } from './timeouts.ts';

const HEARTBEAT = ': still here\n\n';

/** Whether a call asks for them. */
export function wantsEvents({ bound }: ConnectMethod, { headers }: HttpRequest): boolean {
  return bound.kind === 'serverStream' && /(^|,)\s*text\/event-stream\s*(;|,|$)/i.test(headers.accept ?? '');
}

/** Answers a call, a refused one as well. */
export async function answerEvents(asked: AskedRequest): Promise<void> {
  const { request, response, call, method, registry } = asked;
  const events = new Events(response, jsonOptions(registry));
  let sink: ConnectSink | undefined;
  try {
    if (call.refusal !== undefined) throw connectError(call.refusal, registry);
    const timeoutMs = timeoutMsOf(request.headers);
    if (timeoutMs !== undefined) call.deadlineMs = Date.now() + timeoutMs;
    await readRequest(asked);
    sink = openSink(method, {
      call,
      registry,
      headers: (name, value) => response.setHeader(name, value),
      trailers: () => undefined,
    });
    await events.of(sink, method, timeoutMs);
    events.end();
  } catch (error) {
    events.fail(connectError(error, registry));
  } finally {
    sink?.cancel(callerLeft());
  }
}

/** From the `message` parameter of a GET, as Connect has it, or the JSON body of a POST. */
async function readRequest(asked: AskedRequest): Promise<void> {
  const coding = codingOf(asked);
  if (coding !== undefined && coding !== 'gzip')
    throw new ConnectError(`the encoding ${coding} is not known: use gzip`, Code.Unimplemented);
  await takeWhole(bodyOf(asked), coding, readerOf(asked));
  giveRequest(asked.method, asked.call);
}

class Events {
  readonly #response: HttpResponse;
  readonly #json: Partial<JsonWriteOptions>;

  constructor(response: HttpResponse, json: Partial<JsonWriteOptions>) {
    this.#response = response;
    this.#json = json;
  }

  /** Until the stream ends, its time is over or its reader has left. */
  async of(sink: ConnectSink, method: ConnectMethod, timeoutMs: number | undefined): Promise<void> {
    const { desc } = method;
    const left = (): void => sink.cancel(callerLeft());
    this.#response.once('close', left);
    if (this.#response.destroyed) left();
    const heartbeat = setInterval(() => {
      // What waits for a slow reader keeps it as well.
      if (!this.#response.writableNeedDrain) this.#write(HEARTBEAT);
    }, LIMITS.eventHeartbeatMs);
    const deadline =
      timeoutMs === undefined
        ? undefined
        : setTimeout(
            () => sink.cancel(new ConnectError('the operation timed out', Code.DeadlineExceeded)),
            timeoutMs,
          );
    try {
      for await (const message of sink)
        await this.#taken(
          `data: ${toJsonString(desc.output, answered(method, desc, message), this.#json)}\n\n`,
        );
    } finally {
      clearInterval(heartbeat);
      clearTimeout(deadline);
      this.#response.off('close', left);
    }
  }

  end(): void {
    this.#write('event: end\ndata: {}\n\n');
    this.#response.end();
  }

  fail(error: ConnectError): void {
    if (this.#response.destroyed) return;
    const json = errorToJsonBytes(error, this.#json);
    if (this.#response.headersSent) {
      this.#response.end(`event: error\ndata: ${Buffer.from(json).toString('utf8')}\n\n`);
      return;
    }
    error.metadata.forEach((value, name) => {
      this.#response.setHeader(name, value);
    });
    this.#response.writeHead(codeToHttpStatus(error.code), { 'content-type': 'application/json' });
    this.#response.end(json);
  }

  #write(text: string): boolean {
    if (!this.#response.headersSent)
      this.#response.writeHead(200, {
        'content-type': 'text/event-stream',
        // Proxies that gather answers would keep events back.
        'x-accel-buffering': 'no',
      });
    return (this.#response.write as (text: string) => boolean)(text);
  }

  /** Resolves once there is room for the next. */
  async #taken(text: string): Promise<void> {
    const response = this.#response;
    if (this.#write(text) || response.destroyed) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        response.off('drain', done);
        response.off('close', done);
        resolve();
      };
      response.on('drain', done);
      response.on('close', done);
    });
  }
}
