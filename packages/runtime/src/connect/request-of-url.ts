/**
 * Connect's GET: the message of a call that changes nothing, in the query of its URL.
 */
import { base64Decode } from '@bufbuild/protobuf/wire';
import type { Verb } from '../grpc/principal.ts';
import type { BoundMethod } from '../grpc/service-binding.ts';

export interface UrlRequest {
  readonly contentType: string;
  /** How the message is packed. */
  readonly coding: string | null;
  /** Of the protocol, "v1". */
  readonly version: string | null;
  /** Undefined: there is none. */
  readonly message: Uint8Array | undefined;
}

/** What is done by these verbs changes nothing. */
const READING: ReadonlySet<Verb> = new Set<Verb>(['evaluate', 'explain', 'read', 'inspect', 'health']);

export function readableByUrl({ kind, verb }: BoundMethod): boolean {
  return kind === 'unary' && READING.has(verb);
}

/** A URL without an encoding is a person's: JSON. */
export function requestOfUrl(url: string): UrlRequest {
  const { searchParams } = new URL(url, 'http://here');
  const message = searchParams.get('message');
  return {
    contentType: `application/${searchParams.get('encoding') ?? 'json'}`,
    coding: searchParams.get('compression'),
    version: searchParams.get('connect'),
    message: message === null ? undefined : bytesOf(message, searchParams.get('base64') === '1'),
  };
}

/** What is no base64 is no message either. */
function bytesOf(text: string, isBase64: boolean): Uint8Array {
  if (!isBase64) return Buffer.from(text);
  try {
    return base64Decode(text);
  } catch {
    return Buffer.from(text);
  }
}
