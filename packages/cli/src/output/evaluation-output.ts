/** Results of evaluations for people: a table, or one line below an explanation. */
import { ErrorCode, type EvaluationResult } from '@flagstream/protocol/gen/flagstream/v1/evaluation';
import type { Terminal } from '../terminal.ts';
import { errorCodeText, reasonText, valueText } from './evaluation-text.ts';
import { type Column, printTable } from './table.ts';

const COLUMNS: readonly Column<EvaluationResult>[] = [
  { title: 'KEY', value: ({ flagKey }) => flagKey },
  { title: 'VALUE', value: ({ value }) => valueText(value) },
  { title: 'VARIANT', value: ({ variant }) => variant },
  { title: 'REASON', value: (result) => whyText(result) },
  { title: 'RULE', value: ({ ruleId }) => ruleId },
];

export function printResults(terminal: Terminal, results: readonly EvaluationResult[]): void {
  printTable(terminal, results, COLUMNS);
}

/** "new-checkout = true (variant on): TARGETING_MATCH, rule beta" */
export function answerText(terminal: Terminal, result: EvaluationResult): string {
  const variant = result.variant === '' ? '' : ` (variant ${result.variant})`;
  const rule = result.ruleId === '' ? '' : `, rule ${result.ruleId}`;
  return `${terminal.paint('bold', `${result.flagKey} = ${valueText(result.value)}`)}${variant}: ${whyText(result)}${rule}`;
}

/** "true (TARGETING_MATCH, rule beta)" */
export function resultText(result: EvaluationResult): string {
  const rule = result.ruleId === '' ? '' : `, rule ${result.ruleId}`;
  const why =
    result.errorCode === ErrorCode.UNSPECIFIED ? reasonText(result.reason) : errorCodeText(result.errorCode);
  return `${valueText(result.value)} (${why}${rule})`;
}

function whyText({ reason, errorCode, errorMessage }: EvaluationResult): string {
  if (errorCode === ErrorCode.UNSPECIFIED) return reasonText(reason);
  return `${reasonText(reason)} ${errorCodeText(errorCode)}${errorMessage === '' ? '' : `: ${errorMessage}`}`;
}
