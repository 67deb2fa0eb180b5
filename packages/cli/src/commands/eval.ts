/** `flagstream eval`: asks an evaluator, or a file, what a flag answers, and why. */
import { FlagstreamError, isFlagKey } from '@flagstream/protocol';
import {
  ErrorCode,
  EvaluateBatchRequest,
  EvaluateBatchResponse,
  EvaluateRequest,
  EvaluateResponse,
  ExplainRequest,
  ExplainResponse,
  type Freshness,
  sourceStateFromJSON,
} from '@flagstream/protocol/gen/flagstream/v1/evaluation';
import type { Revision } from '@flagstream/protocol/gen/flagstream/v1/model';
import { Command, Option } from 'commander';
import type { CliSession } from '../cli-session.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { FLAG_KEY_FORM } from '../key-form.ts';
import { serverOption, withEvaluation, withEvaluator } from '../options/connection-options.ts';
import { contextOption } from '../options/context-option.ts';
import type { EvalOptions } from '../options/eval-options.ts';
import { requireNoFileOptions, withFlagsFile } from '../options/flags-file-options.ts';
import { PAST_PLACE_FORM, parsePastPlace } from '../options/past-place.ts';
import { minRevisionOf, minRevisionOption } from '../options/revision.ts';
import { answerText, printResults } from '../output/evaluation-output.ts';
import { freshnessWarning } from '../output/evaluation-text.ts';
import { explainLines } from '../output/explain-tree.ts';
import { printJson } from '../output/json-output.ts';
import { UsageError } from '../usage-error.ts';
import { evaluateAt } from './eval-at.ts';
import { evaluateFile } from './eval-file.ts';

export function evalCommand(session: CliSession): Command {
  return withFlagsFile(
    withEvaluation(
      new Command('eval')
        .description('evaluate a flag for a context')
        .argument('[key]', 'flag')
        .addOption(contextOption())
        .option('--explain', 'print every step that led to the answer')
        .option('--all', 'evaluate all flags of the environment')
        .addOption(
          new Option(
            '--at <place>',
            'as it was at this place of the past; the control plane is asked',
          ).argParser((text: string) => parsePastPlace(text, Date.now())),
        )
        .addOption(minRevisionOption())
        .option('--allow-stale', 'where --min-rev is not there in time, an older answer will do'),
    ),
  )
    .addOption(serverOption())
    .addHelpText(
      'after',
      `
Examples:
  $ flagstream eval new-checkout -c '{"targetingKey":"u1","country":"DE"}' -e production
  $ flagstream eval new-checkout -c '{"targetingKey":"u1"}' --explain
  $ flagstream eval new-checkout -c '{"targetingKey":"u1"}' --at "2 hours ago" --explain
  $ flagstream eval new-checkout -c '{"targetingKey":"u1"}' --min-rev e1.42
  $ flagstream eval --all -c @context.json -o json
  $ flagstream eval --all --file flags.yaml -e production
  $ flagstream eval --batch --file flags.flagd.json --format flagd < questions.jsonl

--at takes ${PAST_PLACE_FORM}; flagstream blame tells what altered an answer.

Of a file, -e is needed where it describes several environments; one of flagd describes none.
A line of a batch is {"id", "flag", "context", "now"?, "default"?} and is answered, in order, with {"id", "value",
"variant", "reason", "ruleId", "enabled", "error"?: {"code", "reason"}}. "now" is an RFC 3339 instant. Where the flag
has no value to give, "value" is the line's default, if it has one. As many lines come out as went in.

Exit codes: 0 answered, 1 a line of the batch is not valid or the flag cannot be evaluated, 3 there is no such flag,
6 no evaluator answered, 7 the context or the file is not valid.`,
    )
    .action(
      session.action((key: string | undefined, options: EvalOptions, command: Command) => {
        if (options.file !== undefined) return evaluateFile(session, key, options.file, options, command);
        requireNoFileOptions(options);
        requireBound(options);
        if ((key === undefined) !== (options.all === true))
          throw new UsageError(
            'eval takes one flag, or --all',
            'Write flagstream eval KEY, or flagstream eval --all.',
          );
        if (key === undefined) return evaluateAll(session, options);
        if (!isFlagKey(key)) throw new UsageError(`${JSON.stringify(key)} is not a key`, FLAG_KEY_FORM);
        if (options.at !== undefined) return evaluateAt(session, key, options.at, options);
        return options.explain === true ? explain(session, key, options) : evaluate(session, key, options);
      }),
    );
}

async function evaluate(session: CliSession, key: string, options: EvalOptions): Promise<void> {
  const request = EvaluateRequest.fromPartial({
    flagKey: key,
    context: options.context ?? {},
    ...boundOf(options),
  });
  const response = await dated(session, () =>
    withEvaluator(options, (evaluator) => evaluator.call(evaluator.client.evaluate, request)),
  );
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
  printResults(session.terminal, [result]);
}

async function evaluateAll(session: CliSession, options: EvalOptions): Promise<void> {
  if (options.explain === true)
    throw new UsageError('--explain explains one flag', 'Name the flag in place of --all.');
  if (options.at !== undefined)
    throw new UsageError('--at is of one flag', 'Name the flag in place of --all.');
  const request = EvaluateBatchRequest.fromPartial({
    contexts: [options.context ?? {}],
    ...boundOf(options),
  });
  const response = await dated(session, () =>
    withEvaluator(options, (evaluator) => evaluator.call(evaluator.client.evaluateBatch, request)),
  );
  if (options.output === 'json') printJson(session.terminal, EvaluateBatchResponse.toJSON(response));
  else printResults(session.terminal, response.results[0]?.results ?? []);
}

async function explain(session: CliSession, key: string, options: EvalOptions): Promise<ExitCode> {
  const { terminal } = session;
  const request = ExplainRequest.fromPartial({
    flagKey: key,
    context: options.context ?? {},
    ...boundOf(options),
  });
  const response = await dated(session, () =>
    withEvaluator(options, (evaluator) => evaluator.call(evaluator.client.explain, request)),
  );
  const { result } = response;
  if (options.output === 'json') printJson(terminal, ExplainResponse.toJSON(response));
  else {
    for (const line of explainLines(terminal, response.steps)) terminal.print(line);
    if (result !== undefined) terminal.print(answerText(terminal, result));
  }
  return result?.errorCode === ErrorCode.FLAG_NOT_FOUND ? EXIT.notFound : EXIT.ok;
}

/** How fresh the answer must be. */
function boundOf(options: EvalOptions): { readonly minRevision?: Revision; readonly allowStale: boolean } {
  return { ...minRevisionOf(options), allowStale: options.allowStale === true };
}

function requireBound({ allowStale, minRev }: EvalOptions): void {
  if (allowStale === true && minRev === undefined)
    throw new UsageError('--allow-stale needs --min-rev', 'Without a bound every answer will do.');
}

interface Dated {
  readonly freshness?: Freshness | undefined;
  readonly belowMinRevision: boolean;
}

/** Warns of an answer that may be old; that there is no such flag is one as well. */
async function dated<R extends Dated>(session: CliSession, ask: () => Promise<R>): Promise<R> {
  try {
    const response = await ask();
    warn(session, response);
    return response;
  } catch (thrown) {
    if (thrown instanceof FlagstreamError) warn(session, datedError(thrown));
    throw thrown;
  }
}

/** Errors say in their metadata what answers say in fields. */
function datedError({ metadata }: FlagstreamError): Dated {
  const { source, stalenessMs, estimated, belowMinRevision } = metadata;
  const freshness =
    source === undefined
      ? undefined
      : {
          source: sourceStateFromJSON(source),
          stalenessMs: Number(stalenessMs),
          estimated: estimated === 'true',
        };
  return { freshness, belowMinRevision: belowMinRevision === 'true' };
}

function warn({ terminal }: CliSession, { freshness, belowMinRevision }: Dated): void {
  const warnings = [
    belowMinRevision ? 'the answer is older than --min-rev' : undefined,
    freshnessWarning(freshness),
  ];
  for (const warning of warnings)
    if (warning !== undefined) terminal.note(`${terminal.paintNote('yellow', 'warning:')} ${warning}`);
}
