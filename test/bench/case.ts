// One operation that is measured over and over, and the loops that run it. The answers are counted in the
// loop itself, so that no compiler can drop the work and no wrong answer goes unseen.

/** `run` is called with 0, 1, 2, ...; it answers whether the flag was on. */
export type UncountedCase = {
  readonly name: string;
  /** Operations after which the answers repeat. */
  readonly period: number;
} & (
  | { readonly mode: 'direct'; readonly run: (index: number) => boolean }
  | { readonly mode: 'awaited'; readonly run: (index: number) => Promise<boolean> }
);

export type Case = UncountedCase & {
  /** How many of operations 0..period-1 answer true. */
  readonly onPerPeriod: number;
};

/** How many of the operations of one period answer true. */
export function countOn(one: UncountedCase): Promise<number> {
  return runOperations(one, one.period);
}

/** The answers of one period, as 0 and 1. */
export async function answersOf(one: UncountedCase): Promise<string> {
  let answers = '';
  for (let index = 0; index < one.period; index++) answers += (await one.run(index)) ? '1' : '0';
  return answers;
}

/** Runs whole periods one after the other. Throws when another number of answers is true than should be. */
export async function runChecked(one: Case, operations: number): Promise<void> {
  const on = await runOperations(one, operations);
  checkCount(one, operations, on);
}

function checkCount(one: Case, operations: number, on: number): void {
  const expected = (operations / one.period) * one.onPerPeriod;
  if (on === expected) return;
  throw new Error(`${one.name}: ${on} of ${operations} answers were on, not ${expected}`);
}

async function runOperations(one: UncountedCase, operations: number): Promise<number> {
  return one.mode === 'direct' ? runDirect(one.run, operations) : runAwaited(one.run, operations);
}

function runDirect(run: (index: number) => boolean, operations: number): number {
  let on = 0;
  for (let index = 0; index < operations; index++) if (run(index)) on++;
  return on;
}

async function runAwaited(run: (index: number) => Promise<boolean>, operations: number): Promise<number> {
  let on = 0;
  for (let index = 0; index < operations; index++) if (await run(index)) on++;
  return on;
}
