/** The client's details as OpenFeature's resolution: the same reasons and error codes, ours as metadata. */
import { formatPosition } from '@flagstream/replica';
import { ErrorCode, type FlagMetadata, type ResolutionDetails } from '@openfeature/server-sdk';
import type { ClientStatus } from '../client-events.ts';
import type { DetailsErrorCode, FlagDetails } from '../flag-details.ts';

const ERROR_CODES: Readonly<Record<DetailsErrorCode, ErrorCode>> = {
  PROVIDER_NOT_READY: ErrorCode.PROVIDER_NOT_READY,
  FLAG_NOT_FOUND: ErrorCode.FLAG_NOT_FOUND,
  PARSE_ERROR: ErrorCode.PARSE_ERROR,
  TYPE_MISMATCH: ErrorCode.TYPE_MISMATCH,
  TARGETING_KEY_MISSING: ErrorCode.TARGETING_KEY_MISSING,
  INVALID_CONTEXT: ErrorCode.INVALID_CONTEXT,
  GENERAL: ErrorCode.GENERAL,
};

export function resolutionOf<T>(details: FlagDetails<T>, status: ClientStatus): ResolutionDetails<T> {
  const { value, variant, reason, errorCode, errorMessage } = details;
  return {
    value,
    reason,
    flagMetadata: metadataOf(details, status),
    ...(variant === undefined ? {} : { variant }),
    ...(errorCode === undefined ? {} : { errorCode: ERROR_CODES[errorCode] }),
    ...(errorMessage === undefined ? {} : { errorMessage }),
  };
}

/**
 * `version` and `flagSetId` are the names that telemetry knows. The reason
 * stays the rule's own while the state is stale: `stale` says so beside it.
 */
function metadataOf(details: FlagDetails<unknown>, status: ClientStatus): FlagMetadata {
  const { ruleId, epoch, revision, staleness } = details;
  return {
    flagSetId: `${status.project}/${status.environment}`,
    stale: status.state !== 'live',
    ...(revision === 0 ? {} : { version: formatPosition({ epoch, revision }) }),
    ...(ruleId === '' ? {} : { ruleId }),
    ...(Number.isFinite(staleness.ms) ? { stalenessMs: Math.round(staleness.ms) } : {}),
  };
}
