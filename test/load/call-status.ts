// What a gRPC answer's headers and trailers say of how it ended.

import { type FlagstreamError, fail, fromServiceError } from '@flagstream/protocol';
import { Metadata } from '@grpc/grpc-js';

export type Headers = Readonly<Record<string, string | string[] | undefined>>;

/**
 * @param headers those that carry the status; undefined: none came
 * @param lostBy why the connection was lost, for that case
 * @returns undefined for status OK
 */
export function errorOf(headers: Headers | undefined, lostBy: string): FlagstreamError | undefined {
  const code = headers?.['grpc-status'];
  if (code === undefined) return fail('UNREACHABLE', lostBy);
  if (code === '0') return undefined;
  const details = decodeURIComponent(String(headers?.['grpc-message'] ?? ''));
  const metadata = Metadata.fromHttp2Headers({ ...headers });
  return fromServiceError(Object.assign(new Error(details), { code: Number(code), details, metadata }));
}
