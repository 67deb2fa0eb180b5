// One unary call of a generated grpc-js client as a promise.

import { fromServiceError } from '@flagstream/protocol';
import type { CallOptions, Metadata as GrpcMetadata, ServiceError } from '@grpc/grpc-js';
import { Metadata } from '@grpc/grpc-js';

type Method<I, O> = (
  request: I,
  metadata: GrpcMetadata,
  options: CallOptions,
  callback: (error: ServiceError | null, response: O) => void,
) => unknown;

const DEADLINE_MS = 15_000;

/** Calls `client[method]`; rejects with the ServiceError. Always with a deadline, of 15 s unless named. */
export function callUnary<I, O>(
  client: object,
  method: Method<I, O>,
  request: I,
  headers: Readonly<Record<string, string>> = {},
  deadlineMs: number = DEADLINE_MS,
): Promise<O> {
  const metadata = new Metadata();
  for (const [key, value] of Object.entries(headers)) metadata.set(key, value);
  return new Promise((resolve, reject) => {
    method.call(client, request, metadata, { deadline: Date.now() + deadlineMs }, (error, response) =>
      error === null ? resolve(response) : reject(error),
    );
  });
}

/** The same; rejects with the FlagstreamError that the status carries. */
export async function callKnown<I, O>(
  client: object,
  method: Method<I, O>,
  request: I,
  headers: Readonly<Record<string, string>> = {},
): Promise<O> {
  try {
    return await callUnary(client, method, request, headers);
  } catch (error) {
    throw fromServiceError(error as ServiceError);
  }
}
