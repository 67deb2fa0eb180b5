/** API keys as the log has them, for tests. */
import { randomBytes } from 'node:crypto';
import { apiKeyId, formatToken, newKeyId, newSecret, sha256 } from '@flagstream/protocol';
import { ApiKey, KeyKind } from '@flagstream/protocol/gen/flagstream/v1/model';
import type { EntityChange } from '@flagstream/replica';

export const NOW_MS = 1_700_000_000_000;

export interface TestKey {
  readonly token: string;
  readonly id: string;
  readonly secret: string;
  readonly change: EntityChange;
}

export function seconds(ms: number): { seconds: bigint; nanos: number } {
  return { seconds: BigInt(Math.floor(ms / 1_000)), nanos: 0 };
}

/** A key with one secret; `fields` overwrite what it says. */
export function testKey(
  kind: KeyKind,
  fields: object = {},
  place: { readonly project: string; readonly environment: string } = defaultPlace(kind),
  id: string = newKeyId(randomBytes(12)),
): TestKey {
  const secret = newSecret(randomBytes(32));
  const key = ApiKey.fromPartial({ kind, secrets: [{ sha256: hashOf(secret) }], ...fields });
  return {
    id,
    secret,
    token: formatToken({ kind, environment: place.environment, keyId: id, secret }),
    change: keyEntity(place.project, place.environment, id, key),
  };
}

export function keyEntity(project: string, environment: string, id: string, key: ApiKey): EntityChange {
  const content = ApiKey.encode(key).finish();
  return {
    ...apiKeyId(project, environment, id),
    deleted: key.revokeTime !== undefined,
    content,
    contentHash: sha256(content),
    tags: [],
    clientVisible: false,
  };
}

export function hashOf(secret: string): Buffer {
  return Buffer.from(sha256(Buffer.from(secret)));
}

function defaultPlace(kind: KeyKind): { project: string; environment: string } {
  return kind === KeyKind.ADMIN ? { project: '', environment: '' } : { project: 'p', environment: 'dev' };
}
