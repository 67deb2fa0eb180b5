/** `flagstream eval`: asks an evaluator what a flag answers, and why. */
import {
  ErrorCode,
  EvaluateBatchRequest,
  EvaluateBatchResponse,
  EvaluateRequest,
  EvaluateResponse,
  type EvaluationResult,
  ExplainRequest,
  ExplainResponse,
  type Freshness,
} from '@flagstream/protocol/gen/flagstream/v1/evaluation';
import { Command } from 'commander';
import type { CliSession } from '../cli-session.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import {
  type EvaluationOptions,
  parseKey,
  withEvaluation,
  withEvaluator,
} from '../options/connection-options.ts';
import { contextOption, type EvaluationContext } from '../options/context-option.ts';
import { errorCodeText, freshnessWarning, reasonText, valueText } from '../output/evaluation-text.ts';
import { explainLines } from '../output/explain-tree.ts';
import { printJson } from '../output/json-output.ts';
import { type Column, printTable } from '../output/table.ts';
import { UsageError } from '../usage-error.ts';

interface EvalOptions extends EvaluationOptions {
  readonly context?: EvaluationContext;
  readonly explain?: boolean;
  readonly all?: boolean;
}

export function evalCommand(session: CliSession): Command {
  return withEvaluation(
    new Command('eval')
      .description('evaluate a flag for a context')
      .argument('[key]', 'flag', parseKey)
      .addOption(contextOption())
      .option('--explain', 'print every step that led to the answer')
      .option('--all', 'evaluate all flags of the environment'),
  )
    .addHelpText(
      'after',
      `
Examples:
  $ flagstream eval new-checkout -c '{"targetingKey":"u1","country":"DE"}' -e production
  $ flagstream eval new-checkout -c '{"targetingKey":"u1"}' --explain
  $ flagstream eval --all -c @context.json -o json

Exit codes: 0 answered, 3 there is no such flag, 7 the context does not do, 6 no evaluator answered.`,
    )
    .action(
      session.action((key: string | undefined, options: EvalOptions) => {
        if ((key === undefined) !== (options.all === true))
          throw new UsageError(
            'eval takes one flag, or --all',
            'Write flagstream eval KEY, or flagstream eval --all.',
          );
        if (key === undefined) return evaluateAll(session, options);
        return options.explain === true ? explain(session, key, options) : evaluate(session, key, options);
      }),
    );
}

const COLUMNS: readonly Column<EvaluationResult>[] = [
  { title: 'KEY', value: ({ flagKey }) => flagKey },
  { title: 'VALUE', value: ({ value }) => valueText(value) },
  { title: 'VARIANT', value: ({ variant }) => variant },
  { title: 'REASON', value: (result) => whyText(result) },
  { title: 'RULE', value: ({ ruleId }) => ruleId },
];

async function evaluate(session: CliSession, key: string, options: EvalOptions): Promise<void> {
  const request = EvaluateRequest.fromPartial({ flagKey: key, context: options.context ?? {} });
  const response = await withEvaluator(options, (evaluator) =>
    evaluator.call(evaluator.client.evaluate, request),
  );
  warn(session, response.freshness);
  if (options.output === 'json') {
    printJson(session.terminal, EvaluateResponse.toJSON(response));
    return;
  }
  const { value, variant, reason, ruleId, kind, enabled } = response;
  const result = {
    flagKey: key,
    value,
    variant,
    reason,
    ruleId,
    kind,
    enabled,
    errorCode: 0,
    errorMessage: '',
  } as const;
  printTable(session.terminal, [result], COLUMNS);
}

async function evaluateAll(session: CliSession, options: EvalOptions): Promise<void> {
  if (options.explain === true)
    throw new UsageError('--explain explains one flag', 'Name the flag in place of --all.');
  const request = EvaluateBatchRequest.fromPartial({ contexts: [options.context ?? {}] });
  const response = await withEvaluator(options, (evaluator) =>
    evaluator.call(evaluator.client.evaluateBatch, request),
  );
  warn(session, response.freshness);
  if (options.output === 'json') printJson(session.terminal, EvaluateBatchResponse.toJSON(response));
  else printTable(session.terminal, response.results[0]?.results ?? [], COLUMNS);
}

async function explain(session: CliSession, key: string, options: EvalOptions): Promise<ExitCode> {
  const { terminal } = session;
  const request = ExplainRequest.fromPartial({ flagKey: key, context: options.context ?? {} });
  const response = await withEvaluator(options, (evaluator) =>
    evaluator.call(evaluator.client.explain, request),
  );
  warn(session, response.freshness);
  const { result } = response;
  if (options.output === 'json') printJson(terminal, ExplainResponse.toJSON(response));
  else {
    for (const line of explainLines(terminal, response.steps)) terminal.print(line);
    if (result !== undefined) terminal.print(answerText(session, result));
  }
  return result?.errorCode === ErrorCode.FLAG_NOT_FOUND ? EXIT.notFound : EXIT.ok;
}

function answerText({ terminal }: CliSession, result: EvaluationResult): string {
  const variant = result.variant === '' ? '' : ` (variant ${result.variant})`;
  const rule = result.ruleId === '' ? '' : `, rule ${result.ruleId}`;
  return `${terminal.paint('bold', `${result.flagKey} = ${valueText(result.value)}`)}${variant}: ${whyText(result)}${rule}`;
}

function whyText({ reason, errorCode, errorMessage }: EvaluationResult): string {
  if (errorCode === ErrorCode.UNSPECIFIED) return reasonText(reason);
  return `${reasonText(reason)} ${errorCodeText(errorCode)}${errorMessage === '' ? '' : `: ${errorMessage}`}`;
}

function warn({ terminal }: CliSession, freshness: Freshness | undefined): void {
  const warning = freshnessWarning(freshness);
  if (warning !== undefined) terminal.note(`${terminal.paintNote('yellow', 'warning:')} ${warning}`);
}
