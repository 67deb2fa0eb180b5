// An evaluator in a process of its own that tells its memory when it is asked: what a forced collection leaves is
// what is kept, which no metric of a running process can say. Started with --expose-gc.

import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { evaluatorConfigSchema, type RunningEvaluator, startEvaluator } from '@flagstream/evaluator';
import { createLogger } from '@flagstream/runtime';
import { until } from '../../support/until.ts';
import { answerQuestions } from '../answer-questions.ts';

export type EvaluatorQuestion =
  | { readonly ask: 'start'; readonly settings: object }
  | { readonly ask: 'follow'; readonly revision: number }
  | { readonly ask: 'memory' };

export interface StartedEvaluator {
  readonly pid: number;
  readonly grpcPort: number;
}

export interface Memory {
  readonly rssBytes: number;
  /** Of JavaScript, and of what it holds outside its heap. */
  readonly heapBytes: number;
}

/** At rest: two looks in a row that differ by no more than this, each after a collection. */
const REST_BYTES = 262_144;
const REST_LOOK_MS = 250;
const REST_LOOKS_MAX = 40;

let running: RunningEvaluator | undefined;

answerQuestions<EvaluatorQuestion>((question) => {
  if (question.ask === 'start') return start(question.settings);
  return question.ask === 'follow' ? follow(question.revision) : restingMemory();
});

async function start(settings: object): Promise<StartedEvaluator> {
  const logger = createLogger({ level: 'error', service: 'bench', version: 'bench', nodeId: 'bench' });
  running = await startEvaluator(evaluatorConfigSchema.parse(settings), { logger });
  await running.ready();
  return { pid: process.pid, grpcPort: running.grpcPort };
}

async function follow(revision: number): Promise<void> {
  await until(() => running !== undefined && running.applied().revision >= revision, {
    what: `the evaluator at revision ${revision}`,
  });
}

async function restingMemory(): Promise<Memory> {
  let before = collected();
  for (let look = 0; look < REST_LOOKS_MAX; look++) {
    await delay(REST_LOOK_MS);
    const now = collected();
    if (Math.abs(now.rssBytes - before.rssBytes) <= REST_BYTES) return now;
    before = now;
  }
  throw new Error(`the memory did not come to rest in ${(REST_LOOK_MS * REST_LOOKS_MAX) / 1_000} s`);
}

function collected(): Memory {
  if (globalThis.gc === undefined) throw new Error('memory is measured with --expose-gc alone');
  // The second collection takes what the finalizers of the first one let go.
  globalThis.gc();
  globalThis.gc();
  const { rss, heapUsed, external } = process.memoryUsage();
  return { rssBytes: rss, heapBytes: heapUsed + external };
}
