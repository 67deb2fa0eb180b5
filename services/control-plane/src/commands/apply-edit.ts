/**
 * One edit, written into a draft: existence, etags, defaults, fields. Whether
 * the result means anything is the compiler's question (decide.ts).
 */
import {
  type ConditionDefinition,
  type FlagConfigDefinition,
  normalizeSegmentCondition,
} from '@flagstream/engine';
import {
  fail,
  flagConfigId,
  formatName,
  invalidField,
  LIMITS,
  limitExceeded,
  messageOf,
  timestampOf,
} from '@flagstream/protocol';
import {
  type ApiKey,
  Condition,
  type Flag,
  FlagConfig,
  type Segment,
} from '@flagstream/protocol/gen/flagstream/v1/model';
import { ENTITY_KIND, type EntityChange, type EntityId } from '@flagstream/replica';
import { keyChange, storedKey } from './api-keys.ts';
import { type Draft, requireExisting, requireParents } from './draft.ts';
import type { Edit } from './edit.ts';
import { mergeFields, requestPath } from './field-mask.ts';
import { withDefaultVariants, withRuleIds } from './flag-defaults.ts';
import { changeOf, type Message, typeOf } from './resource.ts';
import { storeMembers } from './segment-members.ts';
import { normalizeSplits } from './stored-splits.ts';

/** @throws FlagstreamError; the draft is then of no use any more. */
export function applyEdit(draft: Draft, edit: Edit, nowMs: number): void {
  switch (edit.op) {
    case 'create':
      requireParents(draft, edit.id);
      requireNew(draft, edit.id);
      write(draft, edit, undefined, edit.message, typeOf(edit.id).writable);
      break;
    case 'update':
      update(draft, edit, edit.message, edit.fields);
      break;
    case 'put':
      put(draft, edit, edit.message);
      break;
    case 'replace':
      requireParents(draft, edit.id);
      write(draft, edit, undefined, edit.message, typeOf(edit.id).writable);
      break;
    case 'archive':
      archive(draft, edit, edit.etag, nowMs);
      break;
    case 'key':
      if (edit.ends !== true) requireParents(draft, edit.id);
      putKey(draft, edit, edit.next(storedKey(draft.get(edit.id))));
      break;
    case 'restore':
      restore(draft, edit, edit.to, edit.parts, nowMs);
      break;
  }
}

function putKey(draft: Draft, edit: Edit, key: ApiKey): void {
  const change = keyChange(edit.id, key);
  requireFitting(edit, change);
  draft.put(change);
}

/** Creates what was never written, else replaces every field that a person may write. */
function put(draft: Draft, edit: Edit, message: Message): void {
  const { writable } = typeOf(edit.id);
  if (edit.id.kind === ENTITY_KIND.flagConfig || draft.get(edit.id) !== undefined) {
    update(draft, edit, message, writable);
    return;
  }
  requireParents(draft, edit.id);
  requireEtag(draft, edit, message.etag);
  write(draft, edit, undefined, message, writable);
}

function update(draft: Draft, edit: Edit, message: Message, fields: readonly string[]): void {
  requireParents(draft, edit.id);
  // A configuration exists for every flag and environment, written or not.
  const before =
    edit.id.kind === ENTITY_KIND.flagConfig ? draft.live(edit.id) : requireInService(draft, edit.id);
  requireEtag(draft, edit, message.etag);
  const stored = before === undefined ? undefined : typeOf(edit.id).decode(before.content);
  const merged = mergeFields(stored ?? typeOf(edit.id).empty(), message, fields);
  write(draft, edit, stored, segmentParts(merged, message), fields);
}

/** Parts are read from the request, not merged: storeMembers tells which of them stay. */
function segmentParts(merged: Message, request: Message): Message {
  return 'parts' in merged && 'parts' in request ? { ...merged, parts: request.parts } : merged;
}

function write(
  draft: Draft,
  edit: Edit,
  before: Message | undefined,
  message: Message,
  fields: readonly string[],
): void {
  const stored = completed(draft, edit, before, message, fields);
  const change = changeOf(edit.id, stored, false);
  requireReadable(edit, stored);
  requireFitting(edit, change);
  if (!isUnwrittenDefault(draft, change)) draft.put(change);
}

function requireFitting({ path }: Edit, { content }: EntityChange): void {
  if (content.length <= LIMITS.entityBytesMax) return;
  throw limitExceeded(path, `has ${content.length} bytes, the limit is ${LIMITS.entityBytesMax}`);
}

/** The message with what the control plane fills in, as it is stored. */
function completed(
  draft: Draft,
  edit: Edit,
  before: Message | undefined,
  message: Message,
  fields: readonly string[],
): Message {
  switch (edit.id.kind) {
    case ENTITY_KIND.flag:
      return completedFlag(before as Flag | undefined, message as Flag, edit.path);
    case ENTITY_KIND.flagConfig:
      return completedConfig(edit, before as FlagConfig | undefined, message as FlagConfig);
    case ENTITY_KIND.segment:
      return storeMembers(
        draft,
        edit.id.project,
        completedSegment(edit, message as Segment),
        before as Segment | undefined,
        fields,
        edit.path,
      );
    default:
      return message;
  }
}

function completedFlag(before: Flag | undefined, flag: Flag, path: string): Flag {
  if (before !== undefined && flag.kind !== 0 && flag.kind !== before.kind)
    throw invalidField(`${path}.kind`, 'cannot change: callers rely on it; create another flag');
  return withDefaultVariants(before === undefined ? flag : { ...flag, kind: before.kind });
}

function completedConfig(edit: Edit, before: FlagConfig | undefined, message: FlagConfig): FlagConfig {
  const config = withRuleIds(message);
  requireReadable(edit, config);
  const normalized = normalizeSplits(edit.id.key, definitionOf(config), before && definitionOf(before));
  if (normalized.problems.length > 0)
    throw fail('INVALID_DEFINITION', `${edit.path}: ${normalized.problems[0]!.message}`, {
      fields: normalized.problems.map((problem) => ({
        field: requestPath(edit.path, problem.path),
        description: problem.message,
        reason: problem.code,
      })),
    });
  return FlagConfig.fromJSON(normalized.config);
}

/** With the gates of its condition complete, so that the record says all. */
function completedSegment(edit: Edit, segment: Segment): Segment {
  if (segment.condition === undefined) return segment;
  requireReadable(edit, segment);
  const condition = Condition.toJSON(segment.condition) as ConditionDefinition;
  return { ...segment, condition: Condition.fromJSON(normalizeSegmentCondition(edit.id.key, condition)) };
}

function definitionOf(config: FlagConfig): FlagConfigDefinition {
  return FlagConfig.toJSON(config) as FlagConfigDefinition;
}

/** Content that proto JSON cannot express, such as an unknown enum value, is refused. */
function requireReadable(edit: Edit, message: Message): void {
  try {
    typeOf(edit.id).toJson(message);
  } catch (cause) {
    throw invalidField(edit.path, messageOf(cause));
  }
}

/** A configuration that says nothing and was never written stays unwritten. */
function isUnwrittenDefault(draft: Draft, change: EntityChange): boolean {
  if (change.kind !== ENTITY_KIND.flagConfig || draft.get(change) !== undefined) return false;
  const unwritten = changeOf(change, typeOf(change).empty(), false);
  return Buffer.from(unwritten.contentHash).equals(change.contentHash);
}

function archive(draft: Draft, edit: Edit, etag: string, nowMs: number): void {
  if (edit.id.kind === ENTITY_KIND.flagConfig)
    throw invalidField(edit.path, 'a flag configuration is not archived: archive its flag, or switch it off');
  requireParents(draft, edit.id);
  requireInService(draft, edit.id);
  requireEtag(draft, edit, etag);
  takeOutOfService(draft, edit.id, nowMs);
}

/** The entity becomes a tombstone that keeps its content. A flag takes its configurations along. */
function takeOutOfService(draft: Draft, id: EntityId, nowMs: number): void {
  const change = draft.live(id);
  if (change === undefined) return;
  const message = typeOf(id).decode(change.content);
  const archived = 'archiveTime' in message ? { ...message, archiveTime: timestampOf(nowMs) } : message;
  draft.put(changeOf(id, archived, true));
  if (id.kind === ENTITY_KIND.flag) takeConfigsAlong(draft, id, nowMs);
}

function takeConfigsAlong(draft: Draft, flag: EntityId, nowMs: number): void {
  for (const environment of draft.list(ENTITY_KIND.environment, flag.project))
    takeOutOfService(draft, flagConfigId(flag.project, environment.key, flag.key), nowMs);
}

function restore(
  draft: Draft,
  edit: Edit,
  to: EntityChange | undefined,
  parts: readonly EntityChange[],
  nowMs: number,
): void {
  if (to === undefined || to.deleted) {
    if (to === undefined || draft.live(edit.id) === undefined) {
      takeOutOfService(draft, edit.id, nowMs);
      return;
    }
    draft.put(to);
    if (edit.id.kind === ENTITY_KIND.flag) takeConfigsAlong(draft, edit.id, nowMs);
    return;
  }
  requireParents(draft, edit.id);
  for (const part of parts) draft.put(part);
  draft.put(to);
}

function requireNew(draft: Draft, id: EntityId): void {
  const change = draft.get(id);
  if (change === undefined) return;
  const name = formatName(id);
  if (change.deleted)
    throw fail('KEY_RETIRED', `${name} is archived: its key is never used again`, { metadata: { name } });
  throw fail('ALREADY_EXISTS', `${name} exists already`, { metadata: { name } });
}

function requireInService(draft: Draft, id: EntityId): EntityChange {
  const change = requireExisting(draft, id);
  if (!change.deleted) return change;
  const name = formatName(id);
  throw fail('ARCHIVED', `${name} is archived`, { metadata: { name } });
}

/** An etag is the revision that last changed the entity; "0" is a configuration never written. */
function requireEtag(draft: Draft, edit: Edit, etag: string): void {
  if (etag === '') return;
  const current = String(draft.base.entity(edit.id)?.version ?? 0);
  if (etag === current) return;
  const name = formatName(edit.id);
  throw fail(
    'ETAG_MISMATCH',
    `${name} was changed since it was read: its etag is ${JSON.stringify(current)}, not ${JSON.stringify(etag.slice(0, 40))}`,
    { metadata: { name, currentEtag: current } },
  );
}
