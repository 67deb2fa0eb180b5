import { Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { expect, it } from 'vitest';
import { connectionFailure } from './connection-failure.ts';
import { fail } from './errors.ts';
import { fromServiceError, toServiceError } from './service-error.ts';

const failureOf = (details: string, code: status = status.UNAVAILABLE) => {
  const error = Object.assign(new Error(details), {
    code,
    details,
    metadata: new Metadata(),
  }) as ServiceError;
  return connectionFailure(error, fromServiceError(error));
};

it.each([
  [
    'No connection established. Last error: Error: connect ECONNREFUSED 127.0.0.1:1. Resolution note: none',
    'other',
    'connect ECONNREFUSED 127.0.0.1:1',
  ],
  ['No connection established. Last error: self-signed certificate', 'tls', 'self-signed certificate'],
  ['Last error: Failed to connect (2026-11-27T09:21:27.176Z)', 'cut-off', 'Failed to connect'],
  ['read ECONNRESET', 'cut-off', 'read ECONNRESET'],
])('%s is %s', (message, kind, cause) => {
  expect(failureOf(message)).toEqual({ kind, cause });
});

it('is none where a server answered, or where nothing says that none could', () => {
  expect(failureOf('no', status.NOT_FOUND)).toBeUndefined();
  const answered = toServiceError(fail('UNREACHABLE', 'certificate'));
  expect(connectionFailure(answered, fromServiceError(answered))).toBeUndefined();
});
