/** One page of the stored entities that a caller is shown, by key. */
import type { EntityChange, EntityQuery, Store, VersionedEntity } from '@flagstream/replica';
import { type PageRequest, pagePosition, pageSize, pageToken } from './page.ts';

/** Content in one answer: gRPC clients take 4 MiB by default. */
export const ANSWER_BYTES_MAX = 3_145_728;

export interface EntityPageQuery extends Pick<EntityQuery, 'kind' | 'project' | 'environment'> {
  /** What binds a token to its call. */
  readonly args: readonly unknown[];
  readonly request: PageRequest;
  readonly shown: (change: EntityChange) => boolean;
}

export interface EntityPage {
  readonly entities: readonly VersionedEntity[];
  /** "" on the last page. */
  readonly nextPageToken: string;
}

/** @throws FlagstreamError PAGE_TOKEN_MISMATCH */
export function entityPage(
  store: Pick<Store, 'entities'>,
  { args, request, shown, ...query }: EntityPageQuery,
): EntityPage {
  const size = pageSize(request.pageSize);
  const entities: VersionedEntity[] = [];
  let after = pagePosition(args, request.pageToken);
  // What a token says is read by whoever holds it: never what was passed over as hidden.
  let last = after;
  let bytes = 0;
  for (;;) {
    const page = store.entities({
      ...query,
      ...(after === undefined ? {} : { afterKey: after }),
      limit: size + 1,
    });
    for (const entity of page) {
      if (!shown(entity.change)) {
        after = entity.change.key;
        continue;
      }
      bytes += entity.change.content.length;
      const full = entities.length === size || (bytes > ANSWER_BYTES_MAX && entities.length > 0);
      if (full) return { entities, nextPageToken: pageToken(args, last ?? '') };
      entities.push(entity);
      after = entity.change.key;
      last = after;
    }
    if (page.length <= size) return { entities, nextPageToken: '' };
  }
}
