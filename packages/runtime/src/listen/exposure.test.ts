import { FlagstreamError } from '@flagstream/protocol';
import { describe, expect, it } from 'vitest';
import { checkExposure, exposureWarnings, isLoopback } from './exposure.ts';

const open = { host: '0.0.0.0', tls: false, keys: false, insecure: false };

function refusal(exposure: typeof open): string {
  try {
    checkExposure(exposure);
  } catch (error) {
    expect(error).toBeInstanceOf(FlagstreamError);
    expect(error).toMatchObject({ reason: 'CONFIG_INVALID' });
    return (error as Error).message;
  }
  throw new Error('it was not refused');
}

describe('exposure', () => {
  it.each(['127.0.0.1', '127.8.9.10', '::1', '0:0:0:0:0:0:0:1', 'localhost', 'LOCALHOST'])(
    '%s is loopback',
    (host) => {
      expect(isLoopback(host)).toBe(true);
      expect(checkExposure({ ...open, host })).toEqual([]);
    },
  );

  it.each(['0.0.0.0', '::', '10.0.0.1', '128.0.0.1', '127.example.com', 'localhost.example.com', '', '::2'])(
    '%j is not',
    (host) => expect(isLoopback(host)).toBe(false),
  );

  it('is refused beyond loopback without TLS or without keys, with what to set', () => {
    expect(refusal(open)).toMatch(
      /plaintext on 0\.0\.0\.0.*no key.*127\.0\.0\.1.*tls\.certFile.*keys.*--insecure/,
    );
    expect(refusal({ ...open, tls: true })).not.toContain('tls.certFile');
    expect(refusal({ ...open, keys: true })).not.toContain('no key');
    expect(checkExposure({ ...open, tls: true, keys: true })).toEqual([]);
  });

  it('goes on with insecure, and says what is open', () => {
    expect(checkExposure({ ...open, insecure: true })).toEqual(exposureWarnings(open));
    expect(exposureWarnings(open)).toHaveLength(2);
  });
});
