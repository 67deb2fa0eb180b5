import { Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { connectionError } from './call.ts';
import { parseEndpoint } from './endpoint.ts';

const NO_CONNECTION = 'No connection established. Last error: ';

/** What a person is told to do after a connection failed so; the texts are those of grpc-js on Node. */
function nextAfter(lastError: string, tls: boolean): string | undefined {
  const error: ServiceError = Object.assign(new Error(lastError), {
    code: status.UNAVAILABLE,
    details: NO_CONNECTION + lastError,
    metadata: new Metadata(),
  });
  return connectionError(error, parseEndpoint('control plane', 'localhost:1', { tls })).metadata['next'];
}

describe('what to do after a connection failed', () => {
  it.each([
    'unable to verify the first certificate',
    'self-signed certificate in certificate chain',
    "Hostname/IP does not match certificate's altnames: IP: 127.0.0.1 is not in the cert's list: ",
    'write EPROTO 1:error:0A00010B:SSL routines:ssl3_get_record:wrong version number:',
    'read ECONNRESET',
  ])('over TLS names its flags: %s', (lastError) => {
    expect(nextAfter(lastError, true)).toMatch(/--ca-file.*--cert-file.*--key-file/);
    expect(nextAfter(lastError, true)).not.toContain('flagstream dev');
  });

  it.each(['Failed to connect (2026-11-26T09:55:58.577Z)', 'read ECONNRESET'])(
    'in plaintext to a peer that hangs up names TLS as well: %s',
    (lastError) => {
      expect(nextAfter(lastError, false)).toMatch(/--tls or --ca-file.*--server HOST:PORT/);
    },
  );

  it('names another address where nobody listens', () => {
    for (const tls of [true, false])
      expect(nextAfter('connect ECONNREFUSED 127.0.0.1:1', tls)).toMatch(/^Start one .*--server HOST:PORT/);
  });
});
