import { LIMITS } from '@flagstream/protocol';
import { describe, expect, it } from 'vitest';
import { type ClientOptions, resolveOptions } from './client-options.ts';

const SECRET = 'doNotPrintMe';

function refusal(options: ClientOptions): string {
  try {
    resolveOptions(options);
  } catch (error) {
    return JSON.stringify({ text: String(error), ...(error as object) });
  }
  return 'taken';
}

describe('the API key', () => {
  it('is taken as a file holds it, with white space around', () => {
    const dial = resolveOptions({ apiKey: ` fss_${SECRET}\r\n` }).dial;
    // The key goes into the metadata of a call, which refuses line breaks.
    const stream = dial('localhost:1', { message: () => undefined, ended: () => undefined });
    expect(stream).toHaveProperty('cancel');
    stream.cancel();
  });

  it.each(['', ' \n', `fss_${SECRET}\nfss_other`, `fss ${SECRET}`, `fss_${SECRET}ü`, `\u0000${SECRET}`])(
    'is refused by its name and never repeated: %j',
    (apiKey) => {
      const text = refusal({ apiKey });
      expect(text).toContain('INVALID_FIELD');
      expect(text).toContain('apiKey');
      expect(text).not.toContain(SECRET);
    },
  );
});

describe('the target', () => {
  it.each(['http://localhost:8013', 'HTTPS://flags:8013', 'http://flags'])(
    'is refused at once as an address of the web, which gRPC would look for without end: %j',
    (target) => {
      expect(refusal({ target })).toMatch(/INVALID_FIELD.*target.*without http:/);
      expect(refusal({ target: ['flags-1:8013', target] })).toContain('INVALID_FIELD');
    },
  );

  it.each(['localhost:8013', 'httpd:8013', 'dns:///flags:8013', 'unix:/run/flags.sock'])(
    "is taken as any of gRPC's: %j",
    (target) => {
      expect(refusal({ target })).toBe('taken');
    },
  );
});

describe('the name of a client', () => {
  it.each(['', 'x'.repeat(LIMITS.instanceIdLengthMax + 1)])(
    'is refused where a server would: %j',
    (instanceId) => {
      expect(refusal({ instanceId })).toMatch(/INVALID_FIELD.*instanceId/);
    },
  );

  it('may be as long as a server takes', () => {
    expect(refusal({ instanceId: 'x'.repeat(LIMITS.instanceIdLengthMax) })).toBe('taken');
  });
});

describe('an option that there is none of', () => {
  it.each([
    [{ targets: 'localhost:8013' }, 'targets: is no option (did you mean target?)'],
    [{ apikey: 'fss_x' }, 'apikey: is no option (did you mean apiKey?)'],
    [{ environnement: undefined }, 'environnement: is no option (did you mean environment?)'],
    [{ zzz: 1 }, 'zzz: is no option: there are target, project,'],
    [{ cache: { directory: '/tmp' } }, 'cache: has only dir, not directory'],
    [{ bootstrap: { path: 'flags.json' } }, 'bootstrap: has only file, document, not path'],
  ])('%j is refused by its name', (options, message) => {
    const text = refusal(options as ClientOptions);
    expect(text).toContain('INVALID_FIELD');
    expect(text).toContain(message);
  });
});

describe('TLS', () => {
  it('is refused with a member that it has not, which is named', () => {
    // Of Node's own TLS, which people try first.
    const tls = { ca: new Uint8Array(), rootCertificates: new Uint8Array() } as ClientOptions['tls'] & object;
    const text = refusal({ tls });
    expect(text).toContain('INVALID_FIELD');
    expect(text).toMatch(/tls.*clientCertificate.*not ca"/);
  });

  it.each([true, false, {}])('is taken as %j', (tls) => {
    expect(refusal({ tls })).toBe('taken');
  });
});
