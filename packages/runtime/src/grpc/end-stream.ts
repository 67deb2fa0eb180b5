/**
 * Ends a stream with an error, once. (grpc-js sends a status for an emitted
 * error; after destroy() it would send nothing.)
 */
import type { ServerDuplexStream, ServerWritableStream } from '@grpc/grpc-js';
import { callStatus } from './call-status.ts';

export type OutgoingStream = ServerWritableStream<never, unknown> | ServerDuplexStream<never, unknown>;

/** A status' message is for errors: grpc-js would end what went well with one, unless told before. */
export function endWithoutMessage(stream: object): void {
  const { pendingStatus } = stream as { readonly pendingStatus?: { details: string } };
  if (pendingStatus !== undefined) pendingStatus.details = '';
}

/** Sends what was written, then the error's status. Does nothing on a stream that has ended. */
export function endWithError(
  stream: Pick<OutgoingStream, 'emit' | 'writableEnded' | 'destroyed'>,
  error: unknown,
): void {
  if (stream.writableEnded || stream.destroyed) return;
  stream.emit('error', callStatus(error));
}
