/**
 * Decide: the committed state and a list of edits become the changes of one
 * revision, or an error that names what is wrong. Pure: reads the state that it
 * is given, writes nothing, waits for nothing.
 */
import { fail, formatName } from '@flagstream/protocol';
import type { ChangeAction } from '@flagstream/protocol/gen/flagstream/v1/admin';
import { type EntityChange, entityKey } from '@flagstream/replica';
import { applyEdit } from './apply-edit.ts';
import type { CompiledSets, Proposal } from './compiled-sets.ts';
import { Draft, type StateView } from './draft.ts';
import type { Edit } from './edit.ts';
import { actionOf } from './outcome.ts';
import { requireComment } from './protection.ts';
import { refusal } from './refusal.ts';
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
  if (proposal.problems.length > 0) throw refusal(edits, proposal.problems);
  if (comment.trim() === '') requireComment(draft);
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
