/** Pages of API keys: those that their reader may administer. */
import { parseName, requireName } from '@flagstream/protocol';
import type { ListKeysRequest, ListKeysResponse } from '@flagstream/protocol/gen/flagstream/v1/admin';
import type { ApiKey } from '@flagstream/protocol/gen/flagstream/v1/model';
import { ENTITY_KIND, type EntityQuery } from '@flagstream/replica';
import type { Principal } from '@flagstream/runtime';
import type { Read } from './bounded-read.ts';
import { type KeyPresenter, presentKey } from './key-presenter.ts';
import { pagePosition, pageSize, pageToken } from './page.ts';
import { maySee, requireSight } from './permissions.ts';
import { revisionOf } from './present.ts';

export function listKeys(
  parts: KeyPresenter,
  request: ListKeysRequest,
  principal: Principal,
): Read<ListKeysResponse> {
  const { store } = parts.log;
  const scope = scopeOf(request.parent, principal);
  const args = [request.parent, request.showRevoked];
  const size = pageSize(request.pageSize);
  const keys: ApiKey[] = [];
  let after = pagePosition(args, request.pageToken);
  // What a token says is read by whoever holds it: never what was passed over as hidden.
  let last = after;
  for (;;) {
    const page = store.entities({
      kind: ENTITY_KIND.key,
      ...scope,
      ...(after === undefined ? {} : { afterKey: after }),
      limit: size + 1,
    });
    const revision = revisionOf(parts.log.head());
    for (const { change } of page) {
      const shown = maySee(principal, change) && (request.showRevoked || !change.deleted);
      if (shown && keys.length === size)
        return { keys, nextPageToken: pageToken(args, last ?? ''), revision };
      after = change.key;
      if (!shown) continue;
      keys.push(presentKey(parts, change));
      last = after;
    }
    if (page.length <= size) return { keys, nextPageToken: '', revision };
  }
}

/** @throws FlagstreamError INVALID_NAME, PERMISSION_DENIED */
function scopeOf(parent: string, principal: Principal): Pick<EntityQuery, 'project' | 'environment'> {
  if (parent === '') return {};
  const isProject = parseName(parent)?.kind === ENTITY_KIND.project;
  const id = requireName('parent', parent, isProject ? ENTITY_KIND.project : ENTITY_KIND.environment);
  requireSight(principal, id);
  return isProject ? { project: id.project } : { project: id.project, environment: id.key };
}
