/** Pages of API keys: those that their reader may administer. */
import { parseName, requireName } from '@flagstream/protocol';
import type { ListKeysRequest, ListKeysResponse } from '@flagstream/protocol/gen/flagstream/v1/admin';
import { ENTITY_KIND, type EntityQuery } from '@flagstream/replica';
import type { Principal } from '@flagstream/runtime';
import type { Read } from './bounded-read.ts';
import { entityPage } from './entity-page.ts';
import { type KeyPresenter, presentKey } from './key-presenter.ts';
import { maySee, requireSight } from './permissions.ts';
import { revisionOf } from './present.ts';

export function listKeys(
  parts: KeyPresenter,
  request: ListKeysRequest,
  principal: Principal,
): Read<ListKeysResponse> {
  const { entities, nextPageToken } = entityPage(parts.log.store, {
    kind: ENTITY_KIND.key,
    ...scopeOf(request.parent, principal),
    args: [request.parent, request.showRevoked],
    request,
    shown: (change) => maySee(principal, change) && (request.showRevoked || !change.deleted),
  });
  const keys = entities.map((entity) => presentKey(parts, entity));
  return { keys, nextPageToken, revision: revisionOf(parts.log.head()) };
}

/** @throws FlagstreamError INVALID_NAME, PERMISSION_DENIED */
function scopeOf(parent: string, principal: Principal): Pick<EntityQuery, 'project' | 'environment'> {
  if (parent === '') return {};
  const isProject = parseName(parent)?.kind === ENTITY_KIND.project;
  const id = requireName('parent', parent, isProject ? ENTITY_KIND.project : ENTITY_KIND.environment);
  requireSight(principal, id);
  return isProject ? { project: id.project } : { project: id.project, environment: id.key };
}
