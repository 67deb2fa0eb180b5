/** Entities as the API shows them: content plus what only the log knows. */

import type { JsonObject } from '@flagstream/engine';
import { timestampOf } from '@flagstream/protocol';
import { ApiKey, type Revision, type Segment } from '@flagstream/protocol/gen/flagstream/v1/model';
import type { Timestamp } from '@flagstream/protocol/gen/google/protobuf/timestamp';
import {
  ENTITY_KIND,
  type EntityChange,
  type EntityId,
  type Position,
  type VersionedEntity,
} from '@flagstream/replica';
import { withoutHashes } from '../commands/api-keys.ts';
import { type Message, typeOf } from '../commands/resource.ts';
import type { AuditStore } from '../log/audit-store.ts';

export interface RecordedFields {
  readonly etag: string;
  readonly createTime: Timestamp;
  readonly updateTime: Timestamp;
}

/** The resource at a version, with etag, times and counts. */
export function present(store: AuditStore, entity: VersionedEntity): Message {
  return Object.assign(presentChange(entity.change), recordedFields(store, entity));
}

/** What every resource has of the log: its version and its times. */
export function recordedFields(store: AuditStore, { change, version }: VersionedEntity): RecordedFields {
  const created = store.firstRevisionOf(change) ?? version;
  return {
    etag: String(version),
    createTime: timestampOf(store.wallMsAt(created) ?? 0),
    updateTime: timestampOf(store.wallMsAt(version) ?? 0),
  };
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
