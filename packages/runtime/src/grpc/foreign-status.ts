/**
 * A bare gRPC status, for contracts that are not ours (health, flagd): they
 * prescribe a code and know nothing of our catalogue.
 */
import type { Metadata, status } from '@grpc/grpc-js';

export class ForeignStatus extends Error {
  override readonly name = 'ForeignStatus';
  readonly code: status;
  readonly details: string;
  /** Trailers. */
  readonly metadata: Metadata | undefined;

  constructor(code: status, details: string, metadata?: Metadata) {
    super(details);
    this.code = code;
    this.details = details;
    this.metadata = metadata;
  }
}
