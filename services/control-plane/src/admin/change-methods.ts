/** AdminService's methods on many resources at once, and on the past. */
import {
  fail,
  formatName,
  invalidField,
  LIMITS,
  limitExceeded,
  parseName,
  requireName,
  revisionNumber,
} from '@flagstream/protocol';
import {
  ApplyChangeSetRequest,
  type ApplyChangeSetResponse,
  type Change,
  ChangeAction,
  type ChangeOutcome,
  type DiffRevisionsRequest,
  type DiffRevisionsResponse,
  type ListChangesRequest,
  type ListChangesResponse,
  RevertRequest,
  type RevertResponse,
} from '@flagstream/protocol/gen/flagstream/v1/admin';
import { ENTITY_KIND } from '@flagstream/replica';
import { type Handler, type Principal, unary } from '@flagstream/runtime';
import type { Edit } from '../commands/edit.ts';
import { snakeCase } from '../commands/field-mask.ts';
import { type Reach, restoreEdits, revertSubjects, undoEdits } from '../commands/revert.ts';
import type { ChangeLog } from '../log/change-log.ts';
import type { Audit } from './audit.ts';
import { boundedRead } from './bounded-read.ts';
import { type AdminParts, commandOf, performEdits } from './collection-methods.ts';
import { mayControl, maySee, requireSight } from './permissions.ts';
import { revisionOf } from './present.ts';
import type { WriteResult } from './writes.ts';

export interface ChangeParts extends AdminParts {
  readonly log: ChangeLog;
  readonly audit: Audit;
}

export function changeMethods(parts: ChangeParts): Readonly<Record<string, Handler>> {
  return {
    applyChangeSet: unary<ApplyChangeSetRequest, ApplyChangeSetResponse>((request, context) => {
      const limit = LIMITS.applyEntitiesMax;
      if (request.changes.length > limit)
        throw limitExceeded('changes', `has ${request.changes.length} changes, the limit is ${limit}`);
      const edits = request.changes.map(applyEdit);
      const result = performEdits(parts, ApplyChangeSetRequest, request, context, edits);
      return { outcomes: outcomesOf(result), revision: revisionOf(result.position) };
    }),
    listChanges: boundedRead<ListChangesRequest, ListChangesResponse>(parts.wait, (request, { principal }) =>
      parts.audit.listChanges(request, principal),
    ),
    diffRevisions: boundedRead<DiffRevisionsRequest, DiffRevisionsResponse>(
      parts.wait,
      (request, { principal }) => parts.audit.diffRevisions(request, principal),
    ),
    revert: unary<RevertRequest, RevertResponse>((request, context) => {
      const reach = reachOf(context.principal);
      const result = parts.writes.perform({
        ...commandOf(RevertRequest, request, context),
        permit: (id) => reach.requireAll([id]),
        edits: () => revertEdits(parts, request, context.principal, reach),
        subjects: (revision) => revertSubjects(parts.history, revision),
      });
      // What is as it was already is no part of a revert, and a retry could not tell it.
      const outcomes = outcomesOf(result).filter(({ action }) => action !== ChangeAction.NONE);
      return { outcomes, revision: revisionOf(result.position) };
    }),
  };
}

/** The edit that one change of an apply is. */
export function applyEdit({ change }: Change, i: number): Edit {
  if (change === undefined) throw invalidField(`changes[${i}]`, 'names no change');
  const path = `changes[${i}].${snakeCase(change.$case)}`;
  if (change.$case === 'archive') {
    const id = parseName(change.value);
    if (id === undefined) throw invalidField(path, 'must be a resource name');
    return { op: 'archive', id, path, etag: '' };
  }
  const id = requireName(`${path}.name`, change.value.name, ENTITY_KIND[change.$case]);
  return { op: 'put', id, path, message: change.value };
}

/** Which revision changed what is not for everybody: a refusal names nothing that the request has not named. */
function reachOf(principal: Principal): Reach {
  return {
    maySee: (id) => maySee(principal, id),
    requireAll: (ids) => {
      if (ids.every((id) => mayControl(principal, id))) return;
      throw fail('PERMISSION_DENIED', 'not all that this takes back may be changed with this key', {
        metadata: { verb: 'write' },
      });
    },
  };
}

function revertEdits(
  { log, history }: ChangeParts,
  request: RevertRequest,
  principal: Principal,
  reach: Reach,
): Edit[] {
  const { target, name } = request;
  const named = parseName(name);
  if (named !== undefined) requireSight(principal, named);
  if (target === undefined) throw invalidField('target', 'names neither undo_revision nor to_revision');
  const newest = BigInt(log.head().revision);
  const field = target.$case === 'undoRevision' ? 'undo_revision' : 'to_revision';
  if (target.value < 1n) throw invalidField(field, 'must be a revision, 1 or more');
  if (target.value > newest)
    throw fail(
      'REVISION_NOT_FOUND',
      `${field}: revision ${target.value} does not exist: the newest is ${newest}`,
    );
  const revision = revisionNumber(target.value);
  return target.$case === 'undoRevision'
    ? undoEdits(log.store, history, revision, name, reach)
    : restoreEdits(log.store, history, revision, name, reach);
}

function outcomesOf(result: WriteResult): ChangeOutcome[] {
  return result.actions.map(({ id, action }) => ({ name: formatName(id), action }));
}
