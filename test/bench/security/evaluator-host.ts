// An evaluator in a process of its own that tells its memory when it is asked, which no metric of a running process can
// say (resting-memory.ts).

import process from 'node:process';
import { evaluatorConfigSchema, type RunningEvaluator, startEvaluator } from '@flagstream/evaluator';
import { createLogger, keepPausesShort } from '@flagstream/runtime';
import { until } from '../../support/until.ts';
import { answerQuestions } from '../answer-questions.ts';
import { restingMemory } from '../resting-memory.ts';

export type EvaluatorQuestion =
  | { readonly ask: 'start'; readonly settings: object }
  | { readonly ask: 'follow'; readonly revision: number }
  | { readonly ask: 'memory' };

export interface StartedEvaluator {
  readonly pid: number;
  readonly grpcPort: number;
  /** Of flagd.sync.v1. */
  readonly syncPort: number;
}

keepPausesShort();
let running: RunningEvaluator | undefined;

answerQuestions<EvaluatorQuestion>((question) => {
  if (question.ask === 'start') return start(question.settings);
  return question.ask === 'follow' ? follow(question.revision) : restingMemory();
});

async function start(settings: object): Promise<StartedEvaluator> {
  const logger = createLogger({ level: 'error', service: 'bench', version: 'bench', nodeId: 'bench' });
  running = await startEvaluator(evaluatorConfigSchema.parse(settings), { logger });
  await running.ready();
  return { pid: process.pid, grpcPort: running.grpcPort, syncPort: running.syncPort };
}

async function follow(revision: number): Promise<void> {
  await until(() => running !== undefined && running.applied().revision >= revision, {
    what: `the evaluator at revision ${revision}`,
  });
}
