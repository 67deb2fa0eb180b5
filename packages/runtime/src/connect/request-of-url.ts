/**
 * Connect's GET: the message of a call that changes nothing, in the query of its URL.
 */
import { base64Decode } from '@bufbuild/protobuf/wire';
import type { Verb } from '../grpc/principal.ts';
import type { BoundMethod } from '../grpc/service-binding.ts';

export interface UrlRequest {
  readonly contentType: string;
  /** How the message is packed. */
  readonly encoding: string | null;
  readonly message: Uint8Array;
}

/** What is done by these verbs changes nothing. */
const READING: ReadonlySet<Verb> = new Set<Verb>(['evaluate', 'explain', 'read', 'inspect', 'health']);

export function readableByUrl({ kind, verb }: BoundMethod): boolean {
  return kind === 'unary' && READING.has(verb);
}

/** A URL without an encoding is a person's: JSON. */
export function requestOfUrl(url: string): UrlRequest {
  const { searchParams } = new URL(url, 'http://here');
  const message = searchParams.get('message') ?? '';
  const contentType = `application/${searchParams.get('encoding') ?? 'json'}`;
  const isJson = contentType === 'application/json';
  return {
    contentType,
    encoding: searchParams.get('compression'),
    message:
      searchParams.get('base64') === '1'
        ? decoded(message)
        : Buffer.from(message === '' && isJson ? '{}' : message),
  };
}

/** What is no base64 is no message either. */
function decoded(text: string): Uint8Array {
  try {
    return base64Decode(text);
  } catch {
    return Buffer.from(text);
  }
}
