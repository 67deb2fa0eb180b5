// The child's side of bench-child.ts.

import process from 'node:process';
import type { Reply } from './bench-child.ts';

/** Answers one question after the other, until the parent lets go. */
export function answerQuestions<Question>(answer: (question: Question) => unknown): void {
  process.on('message', (question: Question) => void reply(answer, question));
  // SDKs keep timers of their own.
  process.once('disconnect', () => process.exit());
}

async function reply<Question>(answer: (question: Question) => unknown, question: Question): Promise<void> {
  const send = (message: Reply): void => {
    process.send?.(message);
  };
  try {
    send({ answer: await answer(question) });
  } catch (error) {
    send({ error: error instanceof Error ? error.message : String(error) });
  }
}
