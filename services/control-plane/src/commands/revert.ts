/**
 * Taking back: a revert is an ordinary revision whose content is an earlier
 * state. What did not exist then leaves service; keys stay retired.
 */
import { fail, flagConfigId, formatName, LIMITS, parseName } from '@flagstream/protocol';
import { Segment } from '@flagstream/protocol/gen/flagstream/v1/model';
import {
  compareEntityIds,
  ENTITY_KIND,
  type EntityChange,
  type EntityId,
  entityKey,
  partId,
} from '@flagstream/replica';
import type { AuditStore } from '../log/audit-store.ts';
import type { History } from '../log/history.ts';
import { requireExisting } from './draft.ts';
import type { Edit } from './edit.ts';
import { RESOURCE_TYPES } from './resource.ts';

/** What of the past a caller may see and change. */
export interface Reach {
  maySee(id: EntityId): boolean;
  /** @throws FlagstreamError PERMISSION_DENIED, without naming what is out of reach */
  requireAll(ids: readonly EntityId[]): void;
}

/**
 * Edits that take back what one revision changed, or only what it changed of
 * one resource.
 * @throws FlagstreamError REVERT_CONFLICT where an entity was changed again since; PERMISSION_DENIED.
 */
export function undoEdits(
  store: AuditStore,
  history: History,
  revision: number,
  name: string,
  reach: Reach,
): Edit[] {
  const { record, changes } = history.record(revision);
  const changed = named(changes.values());
  const ids: EntityId[] = name === '' ? changed : changed.filter((change) => isNamedBy(name, change));
  if (!ids.some((id) => reach.maySee(id))) {
    const what = name === '' ? 'nothing that can be taken back' : `nothing of ${name}`;
    throw fail('INVALID_FIELD', `undo_revision: revision ${revision} changed ${what}`, {
      fields: [{ field: 'undo_revision', description: `changed ${what}` }],
    });
  }
  reach.requireAll(ids);
  const later = ids.filter((id) => store.entity(id)?.version !== record.revision);
  if (later.length > 0) {
    const first = later[0]!;
    const version = store.entity(first)?.version ?? 0;
    throw fail('REVERT_CONFLICT', `${formatName(first)} was changed again in revision ${version}`, {
      metadata: { name: formatName(first), revision: String(version) },
    });
  }
  const along = ids.flatMap((id) => configsThatCameAlong(store, history, id, revision - 1));
  const all = new Map([...ids, ...along].map((id) => [entityKey(id), id]));
  return [...all.values()].map((id) => restoreEdit(history, id, revision - 1, 'undo_revision'));
}

/** Edits that restore one resource, or all of a project, as it was at a revision. */
export function restoreEdits(
  store: AuditStore,
  history: History,
  revision: number,
  name: string,
  reach: Reach,
): Edit[] {
  const target = requireTarget(name);
  if (target.kind !== ENTITY_KIND.project) {
    requireExisting({ get: (id) => store.entity(id)?.change }, target);
    const ids = [target, ...configsThatCameAlong(store, history, target, revision)];
    return ids.map((id) => restoreEdit(history, id, revision, 'to_revision'));
  }
  const limit = LIMITS.applyEntitiesMax;
  const scope = { project: target.project };
  const ids = store.namedEntitiesChanged(scope, revision, store.head().revision, limit + 1);
  reach.requireAll(ids);
  if (ids.length > limit)
    throw fail('LIMIT_EXCEEDED', `more than ${limit} resources changed since revision ${revision}`, {
      fields: [{ field: 'to_revision', description: `more than ${limit} resources changed since` }],
    });
  return ids.map((id) => restoreEdit(history, id, revision, 'to_revision'));
}

/** A flag that was archived took its configurations out of service; brought back, it brings them along. */
function configsThatCameAlong(
  store: AuditStore,
  history: History,
  flag: EntityId,
  revision: number,
): EntityId[] {
  if (flag.kind !== ENTITY_KIND.flag || store.entity(flag)?.change.deleted !== true) return [];
  const environments = store.entities({
    kind: ENTITY_KIND.environment,
    project: flag.project,
    limit: Number.MAX_SAFE_INTEGER,
  });
  return environments
    .filter(({ change }) => !change.deleted)
    .map(({ change }) => flagConfigId(flag.project, change.key, flag.key))
    .filter(
      (id) => store.entity(id)?.change.deleted && history.entityAt(id, revision)?.change.deleted === false,
    );
}

/** The entities whose fate a revert tells, for a retry: those of the revision that it made. */
export function revertSubjects(history: History, revision: number): EntityId[] {
  return named(history.record(revision).changes.values());
}

function restoreEdit(history: History, id: EntityId, revision: number, path: string): Edit {
  const to = history.entityAt(id, revision)?.change;
  const { kind, project, environment, key } = id;
  const parts = to === undefined || to.deleted ? [] : partsOf(history, to, revision);
  return { op: 'restore', id: { kind, project, environment, key }, path, to, parts };
}

/** Parts that a segment names, which may have left the state since. */
function partsOf(history: History, change: EntityChange, revision: number): EntityChange[] {
  if (change.kind !== ENTITY_KIND.segment) return [];
  return Segment.decode(change.content).parts.map((ref) => {
    const part = history.entityAt(partId(ref.sha256, change.project), revision)?.change;
    if (part === undefined) throw fail('LOG_CORRUPT', `a part of ${formatName(change)} is not in the log`);
    return part;
  });
}

function requireTarget(name: string): EntityId {
  const target = parseName(name);
  if (target !== undefined) return target;
  const description = 'must name a resource, or the project that is to be restored as a whole';
  throw fail('INVALID_NAME', `name: ${description}`, { fields: [{ field: 'name', description }] });
}

function isNamedBy(name: string, id: EntityId): boolean {
  const target = requireTarget(name);
  if (target.kind === ENTITY_KIND.project) return id.project === target.project;
  return entityKey(target) === entityKey(id);
}

/** Those that have a resource name, in the order in which outcomes are told. */
function named(changes: Iterable<EntityChange>): EntityChange[] {
  return [...changes].filter(({ kind }) => kind in RESOURCE_TYPES).sort(compareEntityIds);
}
