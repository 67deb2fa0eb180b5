import { createHash, randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { KeyKind } from '../gen/flagstream/v1/model.ts';
import {
  formatToken,
  newKeyId,
  newSecret,
  type ParsedToken,
  parseToken,
  TOKEN_LENGTH_MAX,
} from './api-token.ts';

function parts(kind: KeyKind, environment: string): ParsedToken {
  return { kind, environment, keyId: newKeyId(randomBytes(12)), secret: newSecret(randomBytes(32)) };
}

it.each([
  [KeyKind.SERVER, 'production', /^fss_production_[0-9a-z]{16}_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}$/],
  [KeyKind.CLIENT, 'a_b-c.d', /^fsc_a_b-c\.d_/],
  [KeyKind.ADMIN, '', /^fsa_[0-9a-z]{16}_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}$/],
])('a token of kind %s says what it is and reads back', (kind, environment, form) => {
  for (let turn = 0; turn < 200; turn++) {
    const made = parts(kind, environment);
    const token = formatToken(made);
    expect(token).toMatch(form);
    expect(parseToken(token)).toEqual(made);
  }
});

it('one that was cut, extended or mistyped anywhere is no token', () => {
  const token = formatToken(parts(KeyKind.SERVER, 'production'));
  for (let at = 0; at < token.length; at++) {
    expect(parseToken(token.slice(0, at))).toBeUndefined();
    const other = token[at] === 'x' ? 'y' : 'x';
    expect(parseToken(token.slice(0, at) + other + token.slice(at + 1))).toBeUndefined();
  }
  for (const text of [
    `${token}0`,
    ` ${token}`,
    '',
    '_',
    'fss',
    'fss____',
    `fss_${'e'.repeat(TOKEN_LENGTH_MAX)}`,
  ])
    expect(parseToken(text)).toBeUndefined();
});

it('a secret is all of its 256 bits', () => {
  expect(newSecret(Buffer.alloc(32))).toBe('0'.repeat(43));
  const highest = newSecret(Buffer.alloc(32, 255));
  const lower = Buffer.alloc(32, 255);
  lower[31] = 254;
  expect(newSecret(lower)).not.toBe(highest);
  lower[31] = 255;
  lower[0] = 254;
  expect(newSecret(lower)).not.toBe(highest);
  expect(() => newSecret(Buffer.alloc(31))).toThrow('32 random bytes');
  const seen = new Set(
    Array.from({ length: 1_000 }, (_, i) => newSecret(createHash('sha256').update(`${i}`).digest())),
  );
  expect(seen.size).toBe(1_000);
});
