import { apiKeyId, LIMITS, sha256, unixMsOf } from '@flagstream/protocol';
import { ApiKey, KeyKind, Role, Verb } from '@flagstream/protocol/gen/flagstream/v1/model';
import { describe, expect, it } from 'vitest';
import { createdKey, keyChange, requireSoundKey, revokedKey, rotatedKey, storedKey } from './api-keys.ts';

const NOW_MS = 1_700_000_000_000;
const ID = apiKeyId('p', 'dev', 'k1');
const SERVER = ApiKey.fromPartial({ kind: KeyKind.SERVER, displayName: 'web', verbs: [Verb.EVALUATE] });
const made = (): ApiKey => createdKey(SERVER, 'first', NOW_MS);
const rotate = (
  key: ApiKey | undefined,
  secret: string,
  overlapMs: number,
  nowMs = NOW_MS,
  retireOlder = false,
): ApiKey => rotatedKey(ID, key, { secret, overlapMs, retireOlder }, nowMs);
const hashes = (key: ApiKey): string[] =>
  key.secrets.map((secret) => Buffer.from(secret.sha256).toString('hex'));
const hash = (secret: string): string => Buffer.from(sha256(Buffer.from(secret))).toString('hex');

describe('an API key', () => {
  it('keeps the hash of its secret and not the secret', () => {
    const stored = keyChange(ID, made());
    expect(Buffer.from(stored.content).includes('first')).toBe(false);
    expect(storedKey(stored)).toMatchObject({
      name: 'projects/p/environments/dev/keys/k1',
      displayName: 'web',
    });
    expect(hashes(made())).toEqual([hash('first')]);
  });

  it('does not take from the request what only the server says', () => {
    const asked = ApiKey.fromPartial({
      kind: KeyKind.SERVER,
      secrets: [{ sha256: Buffer.from('chosen') }],
      revokeTime: { seconds: 1n, nanos: 0 },
      lastUsedTime: { seconds: 1n, nanos: 0 },
      etag: '7',
    });
    const key = createdKey(asked, 'secret', NOW_MS);
    expect(key).toMatchObject({ etag: '', revokeTime: undefined, lastUsedTime: undefined });
    expect(hashes(key)).toEqual([hash('secret')]);
  });

  it('has two secrets after a rotation, the old one until the overlap is over', () => {
    const rotated = rotate(made(), 'second', 60_000);
    expect(hashes(rotated)).toEqual([hash('first'), hash('second')]);
    expect(unixMsOf(rotated.secrets[0]!.expireTime!)).toBe(NOW_MS + 60_000);
    expect(rotated.secrets[1]!.expireTime).toBeUndefined();
    expect(() => rotate(rotated, 'third', 60_000)).toThrow(
      expect.objectContaining({ reason: 'KEY_SECRETS_MAX' }),
    );
    expect(hashes(rotate(rotated, 'third', 60_000, NOW_MS, true))).toEqual([hash('second'), hash('third')]);
    expect(hashes(rotate(rotated, 'third', 60_000, NOW_MS + 60_000))).toEqual([
      hash('second'),
      hash('third'),
    ]);
  });

  it('has one secret at once where no overlap is asked for', () => {
    expect(hashes(rotate(made(), 'second', 0))).toEqual([hash('second')]);
  });

  it('stays revoked', () => {
    const revoked = revokedKey(ID, made(), NOW_MS);
    expect(keyChange(ID, revoked).deleted).toBe(true);
    expect(revokedKey(ID, revoked, NOW_MS + 1_000)).toEqual(revoked);
    expect(() => rotate(revoked, 'second', 0)).toThrow(expect.objectContaining({ reason: 'KEY_ENDED' }));
  });

  it('is never larger revoked than live, however large it was made by a release that did not bound it', () => {
    const bytes = (key: ApiKey): number => keyChange(ID, key).content.length;
    const nowMs = NOW_MS + 999;
    const live = { ...made(), verbs: [] };
    const rotated = rotate(live, 'second', 60_000, nowMs);
    const roles = Array.from({ length: 3_000 }, () => ({
      role: Role.VIEWER,
      project: 'p'.repeat(128),
      environment: '',
    }));
    const swollen = {
      ...rotated,
      kind: KeyKind.ADMIN,
      displayName: 'n'.repeat(300_000),
      roles,
      verbs: Array<Verb>(500_000).fill(Verb.EVALUATE),
    };
    for (const key of [live, rotated, swollen]) {
      const revoked = revokedKey(ID, key, nowMs);
      expect(bytes(revoked)).toBeLessThanOrEqual(bytes(key));
      expect(bytes(revoked)).toBeLessThan(LIMITS.entityBytesMax / 10);
      expect(hashes(revoked)).toEqual(hashes(key));
      expect(unixMsOf(revoked.revokeTime!)).toBe(NOW_MS);
    }
    expect(revokedKey(ID, swollen, nowMs).verbs).toEqual([Verb.EVALUATE]);
  });

  it('cannot be rotated once it has expired, nor when there is none', () => {
    const expiring = { ...made(), expireTime: { seconds: BigInt(NOW_MS / 1_000), nanos: 0 } };
    expect(() => rotate(expiring, 'second', 0)).toThrow('has expired');
    expect(() => rotate(undefined, 'second', 0)).toThrow(
      expect.objectContaining({ reason: 'KEY_NOT_FOUND' }),
    );
    expect(() => revokedKey(ID, undefined, NOW_MS)).toThrow('keys/k1 does not exist');
  });

  it.each([
    ['no kind', {}, true, 'key.kind'],
    ['a server without an environment', { kind: KeyKind.SERVER }, false, 'parent'],
    ['an admin in one', { kind: KeyKind.ADMIN, roles: [{ role: Role.OWNER }] }, true, 'parent'],
    ['an admin without roles', { kind: KeyKind.ADMIN }, false, 'key.roles'],
    ['a server with roles', { kind: KeyKind.SERVER, roles: [{ role: Role.OWNER }] }, true, 'key.roles'],
    ['no such role', { kind: KeyKind.ADMIN, roles: [{ role: 9 }] }, false, 'key.roles[0].role'],
    [
      'an environment of no project',
      { kind: KeyKind.ADMIN, roles: [{ role: Role.VIEWER, environment: 'dev' }] },
      false,
      'key.roles[0].environment',
    ],
    [
      'a node of one project',
      { kind: KeyKind.ADMIN, roles: [{ role: Role.NODE, project: 'p' }] },
      false,
      'key.roles[0]',
    ],
    ['a past end', { kind: KeyKind.CLIENT, expireTime: { seconds: 1n, nanos: 0 } }, true, 'key.expire_time'],
    ['a name too long', { kind: KeyKind.CLIENT, displayName: 'x'.repeat(201) }, true, 'key.display_name'],
    [
      'an end that no clock shows',
      { kind: KeyKind.CLIENT, expireTime: { seconds: 253_402_300_800n, nanos: 0 } },
      true,
      'key.expire_time',
    ],
    [
      'a verb twice',
      { kind: KeyKind.CLIENT, verbs: [Verb.EVALUATE, Verb.SYNC, Verb.EVALUATE] },
      true,
      'key.verbs[2]',
    ],
    ['no verb', { kind: KeyKind.CLIENT, verbs: [Verb.UNSPECIFIED] }, true, 'key.verbs[0]'],
    [
      'a verb that nobody knows',
      { kind: KeyKind.CLIENT, verbs: [Verb.EVALUATE, 99 as Verb] },
      true,
      'key.verbs[1]',
    ],
    [
      'too many roles',
      { kind: KeyKind.ADMIN, roles: Array(51).fill({ role: Role.OWNER }) },
      false,
      'key.roles',
    ],
  ])('is refused with %s, naming the field', (_, asked, inEnvironment, field) => {
    expect(() => requireSoundKey(ApiKey.fromPartial(asked), inEnvironment, NOW_MS)).toThrow(
      expect.objectContaining({ fields: [expect.objectContaining({ field })] }),
    );
  });
});
