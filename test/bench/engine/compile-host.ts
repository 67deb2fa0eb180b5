// Process that compiles: one answer per process, so that no set finds what an earlier one left behind.

import { answerQuestions } from '../answer-questions.ts';
import { compileCosts, editCosts } from './compile-costs.ts';

export interface CompileQuestion {
  readonly ask: 'compile' | 'edit';
  readonly flags: number;
}

answerQuestions<CompileQuestion>(({ ask, flags }) =>
  ask === 'compile' ? compileCosts(flags) : editCosts(flags),
);
