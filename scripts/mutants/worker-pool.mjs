// Hands mutants out to worker processes, one at a time each, and starts another process for one that had to be
// ended.

import { fork } from 'node:child_process';
import path from 'node:path';
import process from 'node:process';

/** Longer than all tests of the engine take on a busy machine. */
const MUTANT_MAX_MS = 30_000;
const START_MAX_MS = 300_000;
/** Some mutants collect without end; they are to fail before the machine does. */
const HEAP_MAX_MB = 1_500;

/**
 * Calls `onJudged(mutant, { state, by? })` for each mutant. State "endless": its process had to be ended.
 * @throws Error naming the tests that fail without any mutant
 */
export async function judgeAll({ mutants, scriptFile, root, workers, onJudged }) {
  const waiting = [...mutants];
  await Promise.all(
    Array.from({ length: Math.min(workers, mutants.length) }, async () => {
      while (waiting.length > 0) await serveUntilItEnds(waiting, { scriptFile, root }, onJudged);
    }),
  );
}

async function serveUntilItEnds(waiting, { scriptFile, root }, onJudged) {
  const child = fork(path.join(import.meta.dirname, 'worker.mjs'), [scriptFile, root], {
    execArgv: [`--max-old-space-size=${HEAP_MAX_MB}`],
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  // A child that never lets go would live on.
  const end = () => child.kill('SIGKILL');
  process.once('exit', end);
  try {
    const { failures } = (await answer(child, START_MAX_MS)) ?? { failures: ['the worker did not start'] };
    if (failures.length > 0) throw new Error(`without any mutant:\n${failures.join('\n')}`);
    for (let mutant = waiting.shift(); mutant !== undefined; mutant = waiting.shift()) {
      child.send(mutant);
      const judged = await answer(child, MUTANT_MAX_MS);
      onJudged(mutant, judged ?? { state: 'endless' });
      if (judged === undefined) return;
    }
  } finally {
    process.off('exit', end);
    end();
  }
}

/** The child's next message; undefined when it ended or took too long. */
function answer(child, maxMs) {
  return new Promise((resolve) => {
    const settle = (message) => {
      clearTimeout(timer);
      child.off('message', settle);
      child.off('exit', end);
      resolve(message);
    };
    const end = () => settle(undefined);
    const timer = setTimeout(end, maxMs);
    child.once('message', settle);
    child.once('exit', end);
  });
}
