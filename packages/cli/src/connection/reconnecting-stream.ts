/**
 * A server stream that is opened again whenever it ends: for people who watch.
 * It ends only on errors that a new attempt cannot help.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { FlagstreamError } from '@flagstream/protocol';
import { Backoff, type BackoffSettings } from '@flagstream/replica';
import type { ClientReadableStream, ServiceError } from '@grpc/grpc-js';
import { connectionError } from './call.ts';
import type { Endpoint } from './endpoint.ts';

/** Somebody sits and looks: shorter than between machines. */
const WATCH_BACKOFF: BackoffSettings = { baseMs: 200, capMs: 2_000 };

export interface StreamListener<T> {
  message(message: T): void | Promise<void>;
  /** The stream ended, and is opened again and again. Called once until it is regained. */
  lost(error: FlagstreamError | undefined): void;
  /** The first message after `lost`. */
  regained(): void;
}

/**
 * Never resolves. @throws FlagstreamError that is not retryable, and whatever
 * the listener throws
 */
export async function followStream<T>(
  endpoint: Endpoint,
  open: () => ClientReadableStream<T>,
  listener: StreamListener<T>,
): Promise<never> {
  const backoff = new Backoff(WATCH_BACKOFF, Math.random);
  let everHeard = false;
  let away = false;
  for (;;) {
    const error = await readToEnd(endpoint, open(), async (message) => {
      if (away) listener.regained();
      away = false;
      everHeard = true;
      backoff.reset();
      await listener.message(message);
    });
    // A wrong address is better said at once than tried for ever.
    if (error !== undefined && !(everHeard && mayHelp(error))) throw error;
    if (!away) listener.lost(error);
    away = true;
    await delay(backoff.nextMs());
  }
}

/** A new attempt may help: the server went away, or cut the connection. */
function mayHelp({ retryable, reason }: FlagstreamError): boolean {
  return retryable || reason === 'CANCELLED' || reason === 'INTERNAL';
}

/** How the stream ended; undefined: the server closed it in order. */
async function readToEnd<T>(
  endpoint: Endpoint,
  stream: ClientReadableStream<T>,
  take: (message: T) => Promise<void>,
): Promise<FlagstreamError | undefined> {
  let taking = false;
  try {
    for await (const message of stream) {
      taking = true;
      await take(message as T);
      taking = false;
    }
    return undefined;
  } catch (error) {
    if (taking || !isServiceError(error)) throw error;
    return connectionError(error, endpoint);
  } finally {
    stream.cancel();
  }
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && typeof (error as Partial<ServiceError>).code === 'number';
}
