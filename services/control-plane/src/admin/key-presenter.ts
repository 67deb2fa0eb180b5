/** API keys as the API shows them: without the hashes of their secrets, with what only log and nodes know. */
import { fail, formatName, timestampOf } from '@flagstream/protocol';
import { ApiKey } from '@flagstream/protocol/gen/flagstream/v1/model';
import type { EntityId } from '@flagstream/replica';
import type { KeyUse } from '@flagstream/runtime';
import type { ChangeLog } from '../log/change-log.ts';

export interface KeyPresenter {
  readonly log: ChangeLog;
  readonly use: KeyUse;
}

/** @throws FlagstreamError KEY_NOT_FOUND */
export function presentKey({ log: { store }, use }: KeyPresenter, id: EntityId): ApiKey {
  const entity = store.entity(id);
  const name = formatName(id);
  if (entity === undefined) throw fail('KEY_NOT_FOUND', `${name} does not exist`, { metadata: { name } });
  const created = store.firstRevisionOf(entity.change) ?? entity.version;
  const lastUsedMs = use.lastMs(id.key);
  return withoutHashes({
    ...ApiKey.decode(entity.change.content),
    lastUsedTime: lastUsedMs === undefined ? undefined : timestampOf(lastUsedMs),
    etag: String(entity.version),
    createTime: timestampOf(store.wallMsAt(created) ?? 0),
    updateTime: timestampOf(store.wallMsAt(entity.version) ?? 0),
  });
}

/** What tells a secret apart for its holders is its time, not its hash. */
export function withoutHashes(key: ApiKey): ApiKey {
  return { ...key, secrets: key.secrets.map((secret) => ({ ...secret, sha256: Buffer.alloc(0) })) };
}
