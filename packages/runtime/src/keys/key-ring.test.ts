import { parseToken } from '@flagstream/protocol';
import { ApiKey, KeyKind } from '@flagstream/protocol/gen/flagstream/v1/model';
import { describe, expect, it, vi } from 'vitest';
import { hashOf, keyEntity, NOW_MS, seconds, type TestKey, testKey } from './key.fixture.ts';
import { type Credential, KeyRing } from './key-ring.ts';

const ring = (...keys: TestKey[]): KeyRing => {
  const made = new KeyRing();
  made.replace(keys.map(({ change }) => change));
  return made;
};
const find = (from: KeyRing, token: string, nowMs = NOW_MS): ReturnType<KeyRing['find']> =>
  from.find(parseToken(token)!, nowMs);

describe('a key ring', () => {
  it('knows a key by its secret, and no other secret, kind or id', () => {
    const [key, other] = [testKey(KeyKind.SERVER), testKey(KeyKind.SERVER)];
    const keys = ring(key, other);
    expect(find(keys, key.token)).toMatchObject({ key: { id: key.id, project: 'p', environment: 'dev' } });
    expect(keys.find({ keyId: key.id, kind: KeyKind.SERVER, secret: other.secret }, NOW_MS)).toBe('unknown');
    expect(keys.find({ keyId: key.id, kind: KeyKind.ADMIN, secret: key.secret }, NOW_MS)).toBe('unknown');
    expect(find(keys, testKey(KeyKind.SERVER).token)).toBe('unknown');
  });

  it('tells only the holder of the secret that a key has ended', () => {
    const revoked = testKey(KeyKind.SERVER, { revokeTime: seconds(NOW_MS) });
    const expired = testKey(KeyKind.SERVER, { expireTime: seconds(NOW_MS) });
    const keys = ring(revoked, expired);
    expect(find(keys, revoked.token)).toBe('revoked');
    expect(find(keys, expired.token)).toBe('expired');
    expect(find(keys, expired.token, NOW_MS - 1)).toMatchObject({ key: { id: expired.id } });
    for (const { id } of [revoked, expired])
      expect(keys.find({ keyId: id, kind: KeyKind.SERVER, secret: 'x' }, NOW_MS)).toBe('unknown');
  });

  it('takes two secrets of a key, each until it runs out', () => {
    const key = testKey(KeyKind.SERVER);
    const later = 'the-later-secret';
    const rotated = ApiKey.fromPartial({
      kind: KeyKind.SERVER,
      secrets: [
        { sha256: hashOf(key.secret), expireTime: seconds(NOW_MS + 60_000) },
        { sha256: hashOf(later) },
      ],
    });
    const keys = ring(key);
    const before = find(keys, key.token) as Credential;
    keys.apply([keyEntity('p', 'dev', key.id, rotated)]);
    expect(keys.check(before, NOW_MS)).toBeUndefined();
    expect(keys.check(before, NOW_MS + 60_000)).toBe('expired');
    expect(find(keys, key.token, NOW_MS + 60_000)).toBe('expired');
    expect(keys.find({ keyId: key.id, kind: KeyKind.SERVER, secret: later }, NOW_MS + 60_000)).toMatchObject({
      key: { id: key.id },
    });
    keys.apply([keyEntity('p', 'dev', key.id, { ...rotated, secrets: [rotated.secrets[1]!] })]);
    expect(keys.check(before, NOW_MS)).toBe('expired');
  });

  it('tells of each change of a key, and of nothing else', () => {
    const key = testKey(KeyKind.CLIENT);
    const keys = ring(key);
    const credential = find(keys, key.token) as Credential;
    const heard = vi.fn();
    const stop = keys.onChange(heard);
    keys.apply([{ ...key.change, kind: 3 }]);
    expect(heard).not.toHaveBeenCalled();
    keys.apply([{ ...key.change, deleted: true }]);
    expect(heard).toHaveBeenCalledTimes(1);
    expect(keys.check(credential, NOW_MS)).toBe('revoked');
    stop();
    keys.replace([]);
    expect(heard).toHaveBeenCalledTimes(1);
    expect([keys.size, keys.check(credential, NOW_MS)]).toEqual([0, 'unknown']);
  });

  it('takes content that it cannot read for no key', () => {
    const key = testKey(KeyKind.SERVER);
    const keys = ring(key);
    keys.apply([{ ...key.change, content: new Uint8Array([255]) }]);
    expect(find(keys, key.token)).toBe('unknown');
  });
});
