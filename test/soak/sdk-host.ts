// A process full of real SDK clients, some that stay and some that come and go, that tells what it keeps.

import { answerQuestions } from '../bench/answer-questions.ts';
import { keptMemory } from '../support/kept-memory.ts';
import { SdkSubject } from './sdk-subject.ts';

export type SdkQuestion =
  /** Answered when all have a state. Visitors go by `leave`. */
  | {
      readonly ask: 'open';
      readonly endpoint: string;
      readonly count: number;
      readonly namePrefix: string;
      readonly visit: boolean;
    }
  | { readonly ask: 'counts'; readonly revision: number }
  /** Of all clients; answers the keys that one of them evaluates otherwise. */
  | { readonly ask: 'wrong-values'; readonly values: Readonly<Record<string, boolean>> }
  /** Streams of those that stay break; answers how many were live. */
  | { readonly ask: 'cut' }
  /** The visitors go, every second one without a word. */
  | { readonly ask: 'leave' }
  | { readonly ask: 'memory' };

export interface SdkCounts {
  /** Follow a server and have the revision in force. */
  readonly current: number;
  /** Of all that ever were here. Must be 0. */
  readonly regressions: number;
  readonly losses: number;
}

const READY_MAX_MS = 60_000;

const staying: SdkSubject[] = [];
const visiting: SdkSubject[] = [];
const gone = { regressions: 0, losses: 0 };

answerQuestions<SdkQuestion>((question) => {
  switch (question.ask) {
    case 'open':
      return open(question);
    case 'counts':
      return counts(question.revision);
    case 'wrong-values':
      return [...staying, ...visiting].flatMap((subject) => subject.wrongValues(question.values));
    case 'cut':
      return staying.filter((subject) => subject.cut()).length;
    case 'leave':
      return leave();
    case 'memory':
      return keptMemory();
  }
});

async function open({
  endpoint,
  count,
  namePrefix,
  visit,
}: SdkQuestion & { readonly ask: 'open' }): Promise<void> {
  const opened = Array.from(
    { length: count },
    (_, index) => new SdkSubject(endpoint, `${namePrefix}-${index}`),
  );
  (visit ? visiting : staying).push(...opened);
  await Promise.all(opened.map((subject) => subject.ready(READY_MAX_MS)));
}

function counts(revision: number): SdkCounts {
  const all = [...staying, ...visiting];
  return {
    current: all.filter((subject) => subject.isCurrent(revision)).length,
    regressions: all.reduce((sum, subject) => sum + subject.regressions, gone.regressions),
    losses: all.reduce((sum, subject) => sum + subject.losses, gone.losses),
  };
}

async function leave(): Promise<void> {
  const leaving = visiting.splice(0);
  for (const { regressions, losses } of leaving) {
    gone.regressions += regressions;
    gone.losses += losses;
  }
  await Promise.all(leaving.map((subject, index) => subject.close(index % 2 === 1)));
}
