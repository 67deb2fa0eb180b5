/**
 * A status of ours as an error of the Connect protocol: code, message, and the details of google.rpc beside it.
 */
import { type FileRegistry, fromBinary, type JsonValue, toJson } from '@bufbuild/protobuf';
import { Code, ConnectError } from '@connectrpc/connect';
import { Status } from '@flagstream/protocol/gen/google/rpc/status';
import type { Metadata, ServiceError } from '@grpc/grpc-js';
import { callStatus } from '../grpc/call-status.ts';

const DETAILS = 'grpc-status-details-bin';
const RETRY_AFTER_MS = 'grpc-retry-pushback-ms';

/** @param thrown a status, or what becomes one */
export function connectError(thrown: unknown, registry: FileRegistry): ConnectError {
  if (thrown instanceof ConnectError) return thrown;
  const { code, details, metadata } = isStatus(thrown) ? thrown : callStatus(thrown);
  // Both count codes alike.
  const error = new ConnectError(details, code as number as Code);
  for (const { typeUrl, value } of statusDetails(metadata)) {
    const type = typeUrl.slice(typeUrl.lastIndexOf('/') + 1);
    const debug = shown(type, value, registry);
    error.details.push({ type, value, ...(debug === undefined ? {} : { debug }) });
  }
  const retryAfterMs = Number(metadata.get(RETRY_AFTER_MS)[0]);
  // HTTP counts by seconds.
  if (retryAfterMs > 0) error.metadata.set('retry-after', String(Math.ceil(retryAfterMs / 1_000)));
  return error;
}

/** What a status says in trailers beside its code and its details. */
export function trailersOf(metadata: Metadata | undefined): readonly (readonly [string, string])[] {
  if (metadata === undefined) return [];
  return Object.keys(metadata.getMap())
    .filter((name) => name !== DETAILS && name !== RETRY_AFTER_MS)
    .flatMap((name) => metadata.get(name).map((value) => [name, headerValue(value)] as const));
}

/** Bytes travel as base64, as in gRPC. */
function headerValue(value: string | Buffer): string {
  return typeof value === 'string' ? value : value.toString('base64').replace(/=+$/, '');
}

function isStatus(thrown: unknown): thrown is ServiceError {
  return thrown instanceof Error && 'code' in thrown && 'details' in thrown && 'metadata' in thrown;
}

function statusDetails(metadata: Metadata): Status['details'] {
  const [bytes] = metadata.get(DETAILS);
  return Buffer.isBuffer(bytes) ? Status.decode(bytes).details : [];
}

/** For people: the bytes are what counts. */
function shown(type: string, value: Uint8Array, registry: FileRegistry): JsonValue | undefined {
  const desc = registry.getMessage(type);
  if (desc === undefined) return undefined;
  try {
    return toJson(desc, fromBinary(desc, value), { registry });
  } catch {
    // What cannot be shown still travels as bytes.
    return undefined;
  }
}

/** A stream or a call whose caller left. */
export function callerLeft(): ConnectError {
  return new ConnectError('the caller left', Code.Canceled);
}

/** What is no request at all, by HTTP's status, as an error of the protocol. */
export function refusalWords(status: number, message: string): string {
  return JSON.stringify({ code: REFUSED.get(status) ?? 'invalid_argument', message });
}

const REFUSED: ReadonlyMap<number, string> = new Map([
  [408, 'deadline_exceeded'],
  [413, 'resource_exhausted'],
  [431, 'resource_exhausted'],
]);
