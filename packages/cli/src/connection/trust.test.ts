import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { tempDir } from '../../../../test/support/temp-dir.ts';
import { UsageError } from '../usage-error.ts';
import { apiKeyOf } from './trust.ts';

const SECRET = 'doNotPrintMe';

function fileOf(text: string): string {
  const file = path.join(tempDir('api-key'), 'key');
  writeFileSync(file, text);
  return file;
}

function refusalOf(take: () => unknown): UsageError {
  try {
    take();
  } catch (error) {
    if (error instanceof UsageError) return error;
    throw error;
  }
  throw new Error('it was taken');
}

describe('apiKeyOf', () => {
  it('takes white space off, and a blank variable for none', () => {
    expect(apiKeyOf({}, { FLAGSTREAM_API_KEY: ' fsa_x\n' })).toBe('fsa_x');
    expect(apiKeyOf({ apiKeyFile: fileOf('fsa_y\r\n') }, { FLAGSTREAM_API_KEY: 'fsa_x' })).toBe('fsa_y');
    expect(apiKeyOf({}, { FLAGSTREAM_API_KEY: ' ' })).toBeUndefined();
  });

  it.each([`fsa_${SECRET}\nfsa_other`, `fsa ${SECRET}`, `fsa_${SECRET}ü`])(
    'refuses what no header can carry, without saying it: %j',
    (text) => {
      const ofVariable = refusalOf(() => apiKeyOf({}, { FLAGSTREAM_API_KEY: text }));
      const ofFile = refusalOf(() => apiKeyOf({ apiKeyFile: fileOf(text) }, {}));
      expect(ofVariable.message).toContain('FLAGSTREAM_API_KEY');
      expect(ofFile.message).toContain('--api-key-file');
      for (const { message, next } of [ofVariable, ofFile]) expect(message + next).not.toContain(SECRET);
    },
  );

  it('refuses a file without a key', () => {
    expect(refusalOf(() => apiKeyOf({ apiKeyFile: fileOf('\n') }, {})).message).toContain('holds no API key');
  });
});
