/** `flagstream eval --at`: what a flag answered at a revision or an instant. */
import { environmentName } from '@flagstream/protocol';
import {
  EvaluateAtRequest,
  EvaluateAtResponse,
  type PastPlace,
} from '@flagstream/protocol/gen/flagstream/v1/history';
import type { CliSession } from '../cli-session.ts';
import { withHistory } from '../options/connection-options.ts';
import type { EvalOptions } from '../options/eval-options.ts';
import { minRevisionOf } from '../options/revision.ts';
import { revisionLine } from '../output/answer-change-text.ts';
import { answerText, printResults } from '../output/evaluation-output.ts';
import { explainLines } from '../output/explain-tree.ts';
import { printJson } from '../output/json-output.ts';
import { UsageError } from '../usage-error.ts';

export async function evaluateAt(
  { terminal }: CliSession,
  key: string,
  at: PastPlace,
  options: EvalOptions,
): Promise<void> {
  if (options.allowStale === true)
    throw new UsageError('--allow-stale is of answers as they are now', 'Leave it out: the past is exact.');
  const explain = options.explain === true;
  const request = EvaluateAtRequest.fromPartial({
    parent: environmentName(options.project, options.environment),
    flagKey: key,
    context: options.context ?? {},
    at,
    explain,
    ...minRevisionOf(options),
  });
  const response = await withHistory(options, (history) => history.call(history.client.evaluateAt, request));
  if (options.output === 'json') {
    printJson(terminal, EvaluateAtResponse.toJSON(response));
    return;
  }
  terminal.note(`at ${revisionLine(response)}`);
  const { result, steps } = response;
  if (result === undefined) return;
  if (!explain) {
    printResults(terminal, [result]);
    return;
  }
  for (const line of explainLines(terminal, steps)) terminal.print(line);
  terminal.print(answerText(terminal, result));
}
