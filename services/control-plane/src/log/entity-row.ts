/** Entities as the SQLite file has them. */
import { fail } from '@flagstream/protocol';
import type { EntityKind, VersionedEntity } from '@flagstream/replica';

export interface EntityRow {
  readonly kind: number;
  readonly project: string;
  readonly environment: string;
  readonly key: string;
  readonly version: number;
  readonly deleted: number;
  readonly content: Uint8Array;
  readonly content_hash: Uint8Array;
  /** JSON array of strings. */
  readonly tags: string;
  readonly client_visible: number;
}

export function versioned(row: EntityRow): VersionedEntity {
  return {
    version: row.version,
    change: {
      kind: row.kind as EntityKind,
      project: row.project,
      environment: row.environment,
      key: row.key,
      deleted: row.deleted === 1,
      content: row.content,
      contentHash: row.content_hash,
      tags: tagsOf(row),
      clientVisible: row.client_visible === 1,
    },
  };
}

function tagsOf({ kind, key, tags }: EntityRow): readonly string[] {
  try {
    return JSON.parse(tags) as string[];
  } catch (cause) {
    throw fail('LOG_CORRUPT', `the tags of ${kind}/${key} cannot be read`, { cause });
  }
}
