/**
 * Decide: the committed state and a list of edits become the changes of one
 * revision, or an error that names what is wrong. Pure: reads the state that it
 * is given, writes nothing, waits for nothing.
 */
import { environmentId, fail, type FieldViolation, formatName } from '@flagstream/protocol';
import type { ChangeAction } from '@flagstream/protocol/gen/flagstream/v1/admin';
import { Environment, Flag, Segment } from '@flagstream/protocol/gen/flagstream/v1/model';
import { ENTITY_KIND, type EntityChange, entityKey } from '@flagstream/replica';
import { applyEdit } from './apply-edit.ts';
import type { CompiledSets, Proposal } from './compiled-sets.ts';
import { Draft, type StateView } from './draft.ts';
import type { Edit } from './edit.ts';
import { requestPath } from './field-mask.ts';
import { actionOf } from './outcome.ts';
import type { LocatedProblem } from './project-units.ts';
import { dropUnusedParts } from './segment-members.ts';

export interface Decision {
  /** Empty when everything is as it is asked to be already. */
  readonly changes: readonly EntityChange[];
  /** What each edit does, in the order of the edits. */
  readonly actions: readonly ChangeAction[];
  /** To be adopted once the changes are committed. */
  readonly proposal: Proposal;
  readonly draft: Draft;
}

export interface Circumstances {
  /** Unix milliseconds. */
  readonly nowMs: number;
  readonly comment: string;
}

/** Violations in one answer: a trailer holds about 8 KiB. */
const VIOLATIONS_MAX = 20;

/** @throws FlagstreamError of the catalogue. */
export function decide(
  view: StateView,
  sets: CompiledSets,
  edits: readonly Edit[],
  { nowMs, comment }: Circumstances,
): Decision {
  requireDistinct(edits);
  const draft = new Draft(view);
  for (const edit of inOrder(edits)) applyEdit(draft, edit, nowMs);
  dropUnusedParts(draft);
  const proposal = sets.propose(draft);
  if (proposal.problems.length > 0) throw asError(edits, proposal.problems);
  if (comment.trim() === '') requireNoComment(draft);
  const actions = edits.map(({ id }) => actionOf(view.entity(id)?.change, draft.get(id)));
  return { changes: draft.changes(), actions, proposal, draft };
}

function requireDistinct(edits: readonly Edit[]): void {
  const seen = new Map<string, Edit>();
  for (const edit of edits) {
    const key = entityKey(edit.id);
    const other = seen.get(key);
    if (other !== undefined) {
      const description = `${formatName(edit.id)} is changed by ${other.path} already`;
      throw fail('INVALID_FIELD', `${edit.path}: ${description}`, {
        fields: [{ field: edit.path, description }],
      });
    }
    seen.set(key, edit);
  }
}

/** Owners before what they own; what leaves service leaves in the opposite order, at the end. */
function inOrder(edits: readonly Edit[]): Edit[] {
  const leaves = (edit: Edit): boolean =>
    edit.op === 'archive' || (edit.op === 'restore' && (edit.to === undefined || edit.to.deleted));
  const staying = edits.filter((edit) => !leaves(edit)).sort((a, b) => a.id.kind - b.id.kind);
  const leaving = edits.filter(leaves).sort((a, b) => b.id.kind - a.id.kind);
  return [...staying, ...leaving];
}

function asError(edits: readonly Edit[], problems: readonly LocatedProblem[]): Error {
  const byEntity = new Map(edits.map((edit) => [entityKey(edit.id), edit]));
  const users = problems.filter(({ id, problem }) => isLostReference(problem.code) && !byEntity.has(entityKey(id)));
  const removed = edits.filter((edit) => edit.op === 'archive' || edit.op === 'restore');
  if (users.length > 0 && removed.length > 0) {
    const names = [...new Set(users.map(({ id }) => formatName(id)))];
    const what = removed.map((edit) => formatName(edit.id)).join(', ');
    const shown = names.slice(0, VIOLATIONS_MAX).join(', ');
    return fail('IN_USE', `${what} is used by ${shown}`, { metadata: { users: shown } });
  }
  const violations = new Map<string, FieldViolation>();
  for (const { id, problem } of problems) {
    const edit = byEntity.get(entityKey(id));
    const violation =
      edit === undefined
        ? {
            field: (edits.find((other) => other.id.key === id.key) ?? edits[0])?.path ?? '',
            description: `breaks ${formatName(id)} at ${problem.path || 'the whole'}: ${problem.message}`,
            reason: problem.code,
          }
        : {
            field: requestPath(edit.path, problem.path),
            description: problem.message,
            reason: problem.code,
          };
    violations.set(`${violation.field} ${violation.description}`, violation);
  }
  const fields = [...violations.values()];
  const more = fields.length > 1 ? ` (and ${fields.length - 1} more)` : '';
  return fail('INVALID_DEFINITION', `${fields[0]!.field}: ${fields[0]!.description}${more}`, {
    fields: fields.slice(0, VIOLATIONS_MAX),
  });
}

function isLostReference(code: string): boolean {
  return code === 'UNKNOWN_FLAG' || code === 'UNKNOWN_SEGMENT';
}

/** Without a comment, no change may touch a protected environment. */
function requireNoComment(draft: Draft): void {
  for (const change of draft.changes()) {
    const name = protectedEnvironment(draft, change);
    if (name !== undefined)
      throw fail('COMMENT_REQUIRED', `comment: ${name} is protected: say why it is changed`, {
        metadata: { name },
        fields: [{ field: 'comment', description: `required: ${name} is protected` }],
      });
  }
}

/** The protected environment that a change touches, by name. */
function protectedEnvironment(draft: Draft, change: EntityChange): string | undefined {
  switch (change.kind) {
    case ENTITY_KIND.environment:
      return protectedName(draft, change.project, change.key);
    case ENTITY_KIND.flagConfig:
      return protectedName(draft, change.project, change.environment);
    case ENTITY_KIND.flag:
    case ENTITY_KIND.segment: {
      if (!changesAnswers(draft.base.entity(change)?.change, change)) return undefined;
      for (const { key } of draft.list(ENTITY_KIND.environment, change.project)) {
        const name = protectedName(draft, change.project, key);
        if (name !== undefined) return name;
      }
      return undefined;
    }
    default:
      return undefined;
  }
}

/** Protection counts as it was before the change, so that nobody lifts it in passing. */
function protectedName(draft: Draft, project: string, environment: string): string | undefined {
  const id = environmentId(project, environment);
  const change = draft.base.entity(id)?.change;
  if (change === undefined || change.deleted) return undefined;
  return Environment.decode(change.content).protected ? formatName(id) : undefined;
}

/** A new flag or segment changes nobody's answer, nor does a description. */
function changesAnswers(before: EntityChange | undefined, after: EntityChange): boolean {
  if (before === undefined) return false;
  if (before.deleted || after.deleted) return before.deleted !== after.deleted;
  return meaning(before) !== meaning(after);
}

function meaning(change: EntityChange): string {
  if (change.kind === ENTITY_KIND.flag) {
    const { kind, variants, offVariant, clientVisible } = Flag.decode(change.content);
    const served = variants.map(({ key, value }) => ({ key, value }));
    return JSON.stringify({ kind, served, offVariant, clientVisible });
  }
  const segment = Segment.decode(change.content);
  const { attribute, included, excluded, condition, parts } = Segment.toJSON(segment) as Record<string, unknown>;
  return JSON.stringify({ attribute, included, excluded, condition, parts });
}
