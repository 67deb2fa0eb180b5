/** API keys as the API shows them: without the hashes of their secrets, with what only log and nodes know. */
import { fail, formatName, timestampOf } from '@flagstream/protocol';
import { ApiKey } from '@flagstream/protocol/gen/flagstream/v1/model';
import type { EntityId, VersionedEntity } from '@flagstream/replica';
import type { KeyUse } from '@flagstream/runtime';
import { withoutHashes } from '../commands/api-keys.ts';
import type { ChangeLog } from '../log/change-log.ts';
import { recordedFields } from './present.ts';

export interface KeyPresenter {
  readonly log: ChangeLog;
  readonly use: KeyUse;
}

/** @throws FlagstreamError KEY_NOT_FOUND */
export function presentKeyOf(parts: KeyPresenter, id: EntityId): ApiKey {
  const entity = parts.log.store.entity(id);
  const name = formatName(id);
  if (entity === undefined) throw fail('KEY_NOT_FOUND', `${name} does not exist`, { metadata: { name } });
  return presentKey(parts, entity);
}

export function presentKey({ log, use }: KeyPresenter, entity: VersionedEntity): ApiKey {
  const lastUsedMs = use.lastMs(entity.change.key);
  return withoutHashes({
    ...ApiKey.decode(entity.change.content),
    ...recordedFields(log.store, entity),
    lastUsedTime: lastUsedMs === undefined ? undefined : timestampOf(lastUsedMs),
  });
}
