/**
 * The content hash: the one check of an entity's content itself. The chain
 * covers what a record says, the state digest only which hashes a state holds.
 */
import { type EntityChange, entityKey } from './entity.ts';
import { bytesEqual } from './position.ts';
import type { Codec } from './record.ts';

/** What an entity's content is not, when it is not what its hash says. */
export function contentDamage(sha256: Codec['sha256'], change: EntityChange): string | undefined {
  if (bytesEqual(sha256(change.content), change.contentHash)) return undefined;
  return `the content of ${entityKey(change)} is not what its hash says`;
}
