/**
 * Which changes altered what a flag answers to a context: newest first, a page
 * at a time. Only revisions that changed something the answer depends on are
 * looked at, and each is compared as of its own time, so that what a schedule
 * did is not taken for a change.
 */
import type { JsonObject } from '@flagstream/engine';
import { evaluationResult, LIMITS, timestampOf } from '@flagstream/protocol';
import type { EntityDiff } from '@flagstream/protocol/gen/flagstream/v1/admin';
import { ErrorCode, type EvaluationResult } from '@flagstream/protocol/gen/flagstream/v1/evaluation';
import type { AnswerChange } from '@flagstream/protocol/gen/flagstream/v1/history';
import { type EntityId, entityKey } from '@flagstream/replica';
import { type ContentBudget, DIFF_CONTENT_BYTES_MAX, entityDiff } from '../admin/entity-diff.ts';
import { shownOperationId } from '../admin/operation-id.ts';
import { revisionOf } from '../admin/present.ts';
import type { History, PastRecord } from '../log/history.ts';
import type { PastFlag } from './past-flag.ts';

export interface AnswerChangesPage {
  readonly changes: AnswerChange[];
  /** Where the next page goes on, downwards; undefined: nothing is left. */
  readonly nextUpTo: number | undefined;
}

export interface AnswerChangesQuery {
  readonly context: JsonObject;
  /** Only revisions above. */
  readonly after: number;
  readonly upTo: number;
  /** Changes in the page. */
  readonly size: number;
}

/** @param flag is moved */
export async function answerChanges(
  history: History,
  flag: PastFlag,
  { context, after, upTo, size }: AnswerChangesQuery,
): Promise<AnswerChangesPage> {
  const changes: AnswerChange[] = [];
  const budget = { bytes: DIFF_CONTENT_BYTES_MAX };
  await flag.moveTo(upTo);
  for (let looked = 0; ; looked++) {
    const revision = flag.lastChange();
    if (revision === undefined || revision <= after) return { changes, nextUpTo: undefined };
    if (changes.length === size || looked === LIMITS.answerChangesRevisionsMax)
      return { changes, nextUpTo: revision };
    const past = history.record(revision);
    const { wallMs } = past.record;
    const dependencies = [...flag.dependencies()];
    // Nothing that counts has changed since: this is the answer right after the revision.
    const newer = answerOf(flag, context, wallMs);
    await flag.moveTo(revision - 1);
    const older = answerOf(flag, context, wallMs);
    if (isSame(older, newer)) continue;
    dependencies.push(...flag.dependencies());
    changes.push(entry(past, older, newer, causes(history, past, dependencies, budget)));
  }
}

/** Undefined while there is no such flag, or not even its environment. */
function answerOf(flag: PastFlag, context: JsonObject, nowMs: number): EvaluationResult | undefined {
  if (flag.absence !== undefined) return undefined;
  const result = evaluationResult(flag.place, flag.evaluate(context, nowMs));
  return result.errorCode === ErrorCode.FLAG_NOT_FOUND ? undefined : result;
}

function isSame(a: EvaluationResult | undefined, b: EvaluationResult | undefined): boolean {
  return essence(a) === essence(b);
}

/** Value, variant, and which rule or failure it came of; not in which words. */
function essence(result: EvaluationResult | undefined): string {
  if (result === undefined) return '';
  const { value, variant, ruleId, enabled, errorCode } = result;
  return JSON.stringify([value === undefined ? [] : [value], variant, ruleId, enabled, errorCode]);
}

function causes(
  history: History,
  { record, changes }: PastRecord,
  dependencies: readonly EntityId[],
  budget: ContentBudget,
): EntityDiff[] {
  const diffs: EntityDiff[] = [];
  for (const key of new Set(dependencies.map(entityKey))) {
    const change = changes.get(key);
    if (change === undefined) continue;
    const before = history.entityAt(change, record.revision - 1)?.change;
    const diff = entityDiff(change, before, change, budget);
    if (diff !== undefined) diffs.push(diff);
  }
  return diffs;
}

function entry(
  { record }: PastRecord,
  before: EvaluationResult | undefined,
  after: EvaluationResult | undefined,
  why: EntityDiff[],
): AnswerChange {
  const { actor, comment, opId, wallMs } = record;
  return {
    revision: revisionOf(record),
    time: timestampOf(wallMs),
    actor: { ...actor },
    comment,
    opId: shownOperationId(opId),
    before,
    after,
    causes: why,
  };
}
