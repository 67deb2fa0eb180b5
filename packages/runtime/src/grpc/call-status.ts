/**
 * A thrown value as the status of a call.
 */
import { FlagstreamError, toServiceError } from '@flagstream/protocol';
import { Metadata, type ServiceError } from '@grpc/grpc-js';
import { ForeignStatus } from './foreign-status.ts';
import { UnpaddedMetadata } from './unpadded-metadata.ts';

/**
 * Longest status message, in UTF-16 units: it travels in a header, and peers
 * refuse large headers.
 */
const MESSAGE_LENGTH_MAX = 1_000;
/** Of a message with many characters that are percent-encoded, each unit to up to nine of the header. */
const ENCODED_LENGTH_MAX = 300;
const ENCODED_MAX = 200;

export function callStatus(thrown: unknown): ServiceError {
  if (thrown instanceof ForeignStatus) {
    return Object.assign(new Error(thrown.message), {
      code: thrown.code,
      details: headerText(thrown.details),
      metadata: UnpaddedMetadata.of(thrown.metadata ?? new Metadata()),
    });
  }
  const failure = toServiceError(thrown);
  failure.details = headerText(failure.details);
  failure.metadata = UnpaddedMetadata.of(failure.metadata);
  return failure;
}

/** grpc-js percent-encodes the message, which throws on half a surrogate pair and would end the process. */
function headerText(message: string): string {
  const encoded = message.slice(0, MESSAGE_LENGTH_MAX).match(/[^ -~]/g)?.length ?? 0;
  const max = encoded <= ENCODED_MAX ? MESSAGE_LENGTH_MAX : ENCODED_LENGTH_MAX;
  const bounded = message.length <= max ? message : `${message.slice(0, max - 1)}\u2026`;
  return bounded.replaceAll(/\p{Surrogate}/gu, '\ufffd');
}

/** True for what nobody foresaw: it is a defect and its stack belongs in the log. */
export function isDefect(thrown: unknown): boolean {
  if (thrown instanceof ForeignStatus) return false;
  return !(thrown instanceof FlagstreamError) || thrown.reason === 'INTERNAL';
}
