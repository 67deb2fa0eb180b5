// Holds cases and measures one of them at a time: what the entries engine-host and peer-host have in common.

import { answerQuestions } from './answer-questions.ts';
import { answersOf, type Case } from './case.ts';
import { bytesPerOperation } from './case-bytes.ts';
import { sizeRound, timeRound } from './case-time.ts';

export interface CaseQuestion {
  /** `prepare` warms up; it comes before the first `time`. */
  readonly ask: 'answers' | 'prepare' | 'time' | 'bytes';
  readonly name: string;
}

/** `open` is called once for each name. */
export function hostCases(open: (name: string) => Promise<Case>): void {
  const cases = new Map<string, Case>();
  const sizes = new Map<string, number>();
  answerQuestions<CaseQuestion>(async ({ ask, name }) => {
    const one = cases.get(name) ?? (await open(name));
    cases.set(name, one);
    if (ask === 'answers') return answersOf(one);
    if (ask === 'bytes') return bytesPerOperation(one);
    if (ask === 'time') return timeRound(one, sizes.get(name) ?? one.period);
    sizes.set(name, await sizeRound(one));
    return undefined;
  });
}
