/** Entities as the API shows them: content plus what only the log knows. */

import type { JsonObject } from '@flagstream/engine';
import { timestampOf } from '@flagstream/protocol';
import { ApiKey, type Revision, type Segment } from '@flagstream/protocol/gen/flagstream/v1/model';
import {
  ENTITY_KIND,
  type EntityChange,
  type EntityId,
  type Position,
  type VersionedEntity,
} from '@flagstream/replica';
import { type Message, typeOf } from '../commands/resource.ts';
import type { AuditStore } from '../log/audit-store.ts';
import { withoutHashes } from './key-presenter.ts';

/** The resource at a version, with etag, times and counts. */
export function present(store: AuditStore, entity: VersionedEntity): Message {
  const created = store.firstRevisionOf(entity.change) ?? entity.version;
  const message = presentChange(entity.change);
  message.etag = String(entity.version);
  message.createTime = timestampOf(store.wallMsAt(created) ?? 0);
  message.updateTime = timestampOf(store.wallMsAt(entity.version) ?? 0);
  return message;
}

/** The resource as a change has it: what validate_only answers. */
export function presentChange(change: EntityChange): Message {
  const message = typeOf(change).decode(change.content);
  if ('memberCount' in message) message.memberCount = memberCount(message);
  return message;
}

/** A flag configuration that was never written: off. */
export function unwritten(id: EntityId, name: string): Message {
  return { ...typeOf(id).empty(), name, etag: '0' };
}

/** Proto JSON, for diffs. */
export function asJson(change: EntityChange | undefined): JsonObject | undefined {
  if (change === undefined) return undefined;
  if (change.kind === ENTITY_KIND.key)
    return ApiKey.toJSON(withoutHashes(ApiKey.decode(change.content))) as JsonObject;
  const type = typeOf(change);
  return type.toJson(type.decode(change.content));
}

export function revisionOf(position: Position): Revision {
  return {
    epoch: position.epoch,
    revision: BigInt(position.revision),
    hash: Buffer.from(position.hash),
  };
}

function memberCount(segment: Segment): bigint {
  const inParts = segment.parts.filter((part) => !part.excluded).reduce((sum, part) => sum + part.members, 0);
  return BigInt(segment.included.length + inParts);
}
