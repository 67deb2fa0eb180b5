/** `flagstream eval --file`: what the flags of a file answer, evaluated here. */
import type { Evaluation, EvaluationErrorCode, ExplanationStep, JsonObject } from '@flagstream/engine';
import { didYouMean, type ErrorReason, fail } from '@flagstream/protocol';
import {
  EvaluateBatchResponse,
  EvaluateResponse,
  ExplainResponse,
} from '@flagstream/protocol/gen/flagstream/v1/evaluation';
import type { Command } from 'commander';
import type { CliSession } from '../cli-session.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { type FlagsFile, type LoadedFlags, loadFlags } from '../offline/load-flags.ts';
import type { OfflineFlags } from '../offline/offline-flags.ts';
import { offlineResult } from '../offline/offline-result.ts';
import { runBatch } from '../offline/run-batch.ts';
import type { EvalOptions } from '../options/eval-options.ts';
import { answerText, printResults } from '../output/evaluation-output.ts';
import { explainLines } from '../output/explain-tree.ts';
import { printJson } from '../output/json-output.ts';
import type { Terminal } from '../terminal.ts';
import { UsageError } from '../usage-error.ts';

/** Files have no revision, and are as fresh as they can be. */
const NO_STAMP = { epoch: 0, revision: 0n, freshness: undefined, belowMinRevision: false } as const;

const REASONS: Readonly<Record<EvaluationErrorCode, ErrorReason>> = {
  FLAG_NOT_FOUND: 'FLAG_NOT_FOUND',
  TYPE_MISMATCH: 'TYPE_MISMATCH',
  TARGETING_KEY_MISSING: 'TARGETING_KEY_MISSING',
  INVALID_CONTEXT: 'INVALID_CONTEXT',
  PARSE_ERROR: 'EVALUATION_FAILED',
  GENERAL: 'EVALUATION_FAILED',
};

interface Question {
  readonly place: string;
  readonly flags: OfflineFlags;
  readonly context: JsonObject;
  readonly nowMs: number;
  readonly json: boolean;
}

/** @param place the file */
export async function evaluateFile(
  { terminal }: CliSession,
  key: string | undefined,
  place: string,
  options: EvalOptions,
  command: Command,
): Promise<ExitCode> {
  checkWords(key, place, options);
  const loaded = loadFlags(flagsFile(place, options, command));
  warn(terminal, loaded, key);
  const { flags } = loaded;
  const nowMs = options.now ?? Date.now();
  if (options.batch === true)
    // Without --now a line without "now" means the moment in which it is read.
    return runBatch(terminal, (flag, context, at) =>
      flags.evaluate(flag, context, at ?? options.now ?? Date.now()),
    );
  const context = (options.context ?? {}) as JsonObject;
  const question: Question = { place, flags, context, nowMs, json: options.output === 'json' };
  if (key === undefined) evaluateAll(terminal, question);
  else if (options.explain === true) explain(terminal, key, question);
  else evaluate(terminal, key, question);
  return EXIT.ok;
}

const SERVER_OPTIONS = [
  ['at', '--at'],
  ['minRev', '--min-rev'],
  ['allowStale', '--allow-stale'],
] as const;

function checkWords(key: string | undefined, place: string, options: EvalOptions): void {
  const { all = false, batch = false, explain: explained = false, context } = options;
  const asked = [key !== undefined, all, batch].filter(Boolean).length;
  if (asked !== 1)
    throw new UsageError(
      'eval --file takes one flag, --all or --batch',
      'Write flagstream eval KEY --file FLAGS, or --all or --batch in place of KEY.',
    );
  const stray = SERVER_OPTIONS.find(([name]) => options[name] !== undefined)?.[1];
  if (stray !== undefined)
    throw new UsageError(`${stray} asks a server`, 'A file has no past and no revision: leave it out.');
  if (explained && key === undefined) throw new UsageError('--explain explains one flag', 'Name the flag.');
  if (batch && context !== undefined)
    throw new UsageError('-c is of one question', 'In a batch each line has its own context.');
  if (batch && place === '-')
    throw new UsageError('--batch reads its lines from stdin', 'Name a file with the flags in place of -.');
}

function flagsFile(place: string, options: EvalOptions, command: Command): FlagsFile {
  const givenBy = (source: 'cli' | 'env', name: 'project' | 'environment'): string | undefined =>
    command.getOptionValueSource(name) === source ? options[name] : undefined;
  return {
    place,
    format: options.format,
    fractional: options.fractional,
    project: givenBy('cli', 'project'),
    environment: { named: givenBy('cli', 'environment'), preferred: givenBy('env', 'environment') },
  };
}

/** @param asked flag whose refusal is the answer, and thus not said beforehand */
function warn(terminal: Terminal, { flags, notes }: LoadedFlags, asked: string | undefined): void {
  for (const { place, path, message } of notes) terminal.note(`note: ${place}: ${path} ${message}`);
  for (const { kind, key, reason, place } of flags.refused) {
    if (kind === 'flag' && key === asked) continue;
    const where = place === undefined ? '' : `${place}: `;
    terminal.note(`${terminal.paintNote('yellow', 'refused:')} ${where}${kind} ${key}: ${reason}`);
  }
}

function evaluate(terminal: Terminal, key: string, question: Question): void {
  const { flags, context, nowMs, json } = question;
  const evaluation = flags.evaluate(key, context, nowMs);
  requireInForce(key, evaluation, question);
  const { errorCode } = evaluation;
  if (errorCode !== undefined)
    throw fail(REASONS[errorCode], `flag "${key}": ${evaluation.errorMessage}`, { metadata: { flag: key } });
  const result = offlineResult(evaluation);
  if (json) printJson(terminal, EvaluateResponse.toJSON({ ...result, ...NO_STAMP }));
  else printResults(terminal, [result]);
}

function evaluateAll(terminal: Terminal, { flags, context, nowMs, json }: Question): void {
  const results = flags.keys().map((key) => offlineResult(flags.evaluate(key, context, nowMs)));
  if (json) printJson(terminal, EvaluateBatchResponse.toJSON({ results: [{ results }], ...NO_STAMP }));
  else printResults(terminal, results);
}

function explain(terminal: Terminal, key: string, question: Question): void {
  const { flags, context, nowMs, json } = question;
  const steps: ExplanationStep[] = [];
  const evaluation = flags.evaluate(key, context, nowMs, { step: (step) => steps.push(step) });
  requireInForce(key, evaluation, question);
  const result = offlineResult(evaluation);
  if (json) {
    printJson(terminal, ExplainResponse.toJSON({ result, steps, ...NO_STAMP }));
    return;
  }
  for (const line of explainLines(terminal, steps)) terminal.print(line);
  terminal.print(answerText(terminal, result));
}

/** @throws FlagstreamError for a flag that the file has not, or that is refused: it has no answer to show */
function requireInForce(
  key: string,
  { errorCode, errorMessage }: Evaluation,
  { place, flags }: Question,
): void {
  if (errorCode === 'FLAG_NOT_FOUND') throw notFound(key, place, flags);
  const refused = flags.refusalOf(key);
  if (refused === undefined) return;
  throw fail('INVALID_DOCUMENT', `${refused.place ?? place}: flag "${key}": ${errorMessage}`, {
    metadata: { flag: key },
  });
}

function notFound(key: string, place: string, flags: OfflineFlags): Error {
  return fail('FLAG_NOT_FOUND', `there is no flag "${key}" in ${place}${didYouMean(key, flags.keys())}`, {
    metadata: { flag: key, next: `flagstream eval --all --file ${place} shows what is there.` },
  });
}
