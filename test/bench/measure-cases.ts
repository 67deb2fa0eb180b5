// Measures cases that live in child processes: rounds of all of them interleaved, then the bytes of each in a
// process whose young generation holds them all.

import { BenchChild } from './bench-child.ts';
import { YOUNG_GENERATION_FLAGS } from './case-bytes.ts';
import type { CaseQuestion } from './case-host.ts';
import type { CaseTiming } from './case-time.ts';

/** Where a case lives, and what it is called there. */
export interface CasePlace {
  readonly program: string;
  readonly words: readonly string[];
  readonly name: string;
}

export type CaseFigures =
  | {
      /** CPU nanoseconds per operation, the garbage collector's threads included, by round. */
      readonly cpuNs: readonly number[];
      /** Operations per second of the clock, by round. */
      readonly perSecond: readonly number[];
      readonly bytes: number;
    }
  | { readonly notRun: string };

/** In the order of the places. A case that fails is told of and takes no other one down. */
export async function measureCases(places: readonly CasePlace[], rounds: number): Promise<CaseFigures[]> {
  const failures = new Map<CasePlace, string>();
  const timings = new Map<CasePlace, CaseTiming[]>(places.map((place) => [place, []]));
  const bytes = new Map<CasePlace, number>();
  const guarded = async (place: CasePlace, measure: () => Promise<void>): Promise<void> => {
    if (failures.has(place)) return;
    try {
      await measure();
    } catch (error) {
      failures.set(place, error instanceof Error ? error.message : String(error));
    }
  };

  const timed = new Children([]);
  for (const place of places) await guarded(place, () => timed.ask(place, 'prepare'));
  for (let round = 0; round < rounds; round++) {
    for (const place of places) {
      await guarded(place, async () => {
        timings.get(place)!.push(await timed.ask<CaseTiming>(place, 'time'));
      });
    }
  }
  await timed.close();

  const roomy = new Children(YOUNG_GENERATION_FLAGS);
  for (const place of places) {
    await guarded(place, async () => {
      bytes.set(place, await roomy.ask<number>(place, 'bytes'));
    });
  }
  await roomy.close();

  return places.map((place) => {
    const notRun = failures.get(place);
    if (notRun !== undefined) return { notRun };
    const rounds = timings.get(place)!;
    return {
      cpuNs: rounds.map(({ cpuNs }) => cpuNs),
      perSecond: rounds.map(({ perSecond }) => perSecond),
      bytes: bytes.get(place)!,
    };
  });
}

/** How many answers of two cases of the same period differ. Rejects when one of them fails. */
export async function countDiffering(one: CasePlace, other: CasePlace): Promise<number> {
  const children = new Children([]);
  try {
    const [answers, others] = [
      await children.ask<string>(one, 'answers'),
      await children.ask<string>(other, 'answers'),
    ];
    return [...answers].filter((answer, index) => answer !== others[index]).length;
  } finally {
    await children.close();
  }
}

/** One child per program and words, started when it is first asked. */
class Children {
  readonly #nodeFlags: readonly string[];
  readonly #byCommand = new Map<string, BenchChild>();

  constructor(nodeFlags: readonly string[]) {
    this.#nodeFlags = nodeFlags;
  }

  ask<Answer>(place: CasePlace, ask: CaseQuestion['ask']): Promise<Answer> {
    const command = [place.program, ...place.words].join(' ');
    const child = this.#byCommand.get(command) ?? new BenchChild(place.program, place.words, this.#nodeFlags);
    this.#byCommand.set(command, child);
    const question: CaseQuestion = { ask, name: place.name };
    return child.ask<Answer>(question);
  }

  async close(): Promise<void> {
    for (const child of this.#byCommand.values()) await child.close();
  }
}
