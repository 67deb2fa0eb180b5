import { formatToken } from '@flagstream/protocol';
import { KeyKind } from '@flagstream/protocol/gen/flagstream/v1/model';
import { expect, it } from 'vitest';
import { controlPlaneKey } from './control-plane-key.ts';

const SECRET = 'a'.repeat(43);
const TOKEN = formatToken({ kind: KeyKind.ADMIN, environment: '', keyId: 'k'.repeat(16), secret: SECRET });
const asConfigured = { secret: (_: string, configured: string | undefined) => configured };

it('is shown without the white space around it', () => {
  expect(controlPlaneKey(`${TOKEN}\n`, asConfigured)).toBe(TOKEN);
  expect(controlPlaneKey(undefined, asConfigured)).toBeUndefined();
});

it.each([`${TOKEN}\n${TOKEN}`, `${TOKEN} x`, `${TOKEN}ü`])('is refused without a word of it: %j', (key) => {
  const attempt = (): unknown => controlPlaneKey(key, asConfigured);
  expect(attempt).toThrow('controlPlane.key');
  expect(attempt).not.toThrow(SECRET);
});

it('is not taken from a file that holds a part of it', () => {
  const cut = { secret: () => TOKEN.slice(0, -3) };
  expect(() => controlPlaneKey(TOKEN, cut)).toThrow('holds no whole API key');
});
