/**
 * A bare gRPC status, for contracts that are not ours (health, flagd): they
 * prescribe a code and know nothing of our catalogue.
 */
import type { status } from '@grpc/grpc-js';

export class ForeignStatus extends Error {
  override readonly name = 'ForeignStatus';
  readonly code: status;
  readonly details: string;

  constructor(code: status, details: string) {
    super(details);
    this.code = code;
    this.details = details;
  }
}
