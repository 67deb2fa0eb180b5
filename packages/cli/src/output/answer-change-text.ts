/** Answers of the past in few words: which change they stand for, and what it altered. */
import type { EvaluationResult } from '@flagstream/protocol/gen/flagstream/v1/evaluation';
import type { AnswerChange } from '@flagstream/protocol/gen/flagstream/v1/history';
import type { Revision } from '@flagstream/protocol/gen/flagstream/v1/model';
import type { Actor } from '@flagstream/protocol/gen/flagstream/v1/record';
import type { Timestamp } from '@flagstream/protocol/gen/google/protobuf/timestamp';
import { formatPosition } from '@flagstream/replica';
import { timeText, whatText } from './change-text.ts';
import { resultText } from './evaluation-output.ts';
import { type Column, oneLine } from './table.ts';

export const ANSWER_CHANGE_COLUMNS: readonly Column<AnswerChange>[] = [
  { title: 'REVISION', value: ({ revision }) => tokenText(revision) },
  { title: 'TIME', value: ({ time }) => timeText(time) },
  { title: 'WHO', value: ({ actor }) => actor?.id ?? '' },
  { title: 'ANSWER', value: ({ before, after }) => alteredText(before, after) },
  { title: 'BECAUSE', value: ({ causes }) => whatText(causes) },
  { title: 'WHY', value: ({ comment }) => comment },
];

/** What a record says of itself. */
export interface RecordFacts {
  readonly revision?: Revision | undefined;
  readonly time?: Timestamp | undefined;
  readonly actor?: Actor | undefined;
  readonly comment: string;
}

/** "revision e1.42 of 2026-11-25T10:00:00Z by alice (autumn)" */
export function revisionLine({ revision, time, actor, comment }: RecordFacts): string {
  const why = comment === '' ? '' : ` (${oneLine(comment)})`;
  return `revision ${tokenText(revision)} of ${timeText(time)} by ${oneLine(actor?.id ?? '')}${why}`;
}

function tokenText(revision: Revision | undefined): string {
  if (revision === undefined) return '';
  return formatPosition({ epoch: revision.epoch, revision: Number(revision.revision) });
}

/** `false (DEFAULT) → true (TARGETING_MATCH, rule beta)` */
function alteredText(before: EvaluationResult | undefined, after: EvaluationResult | undefined): string {
  return `${sideText(before)} → ${sideText(after)}`;
}

function sideText(result: EvaluationResult | undefined): string {
  return result === undefined ? 'no such flag' : resultText(result);
}
