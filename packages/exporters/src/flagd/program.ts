/**
 * A flag as a list of steps: the first whose condition holds answers. Answers are written out only in the end, since a
 * prerequisite asks the same steps something else than the flag's own clients do.
 */
import type { JsonValue } from '@flagstream/engine';
import { and, branches, type Logic, same } from './expression.ts';

/** What is answered; without a variant the caller's default. */
export interface Answer {
  readonly kind: 'answer';
  readonly variant: string | undefined;
  readonly value: JsonValue | undefined;
  readonly enabled: boolean;
  readonly isError: boolean;
}

/** Answers by the places of a gate. */
export interface Division {
  readonly kind: 'division';
  /** The text that is hashed. */
  readonly bucketBy: Logic;
  /** Whole widths in the order of places. */
  readonly shares: readonly { readonly answer: Answer; readonly width: number }[];
}

/** An answer that an expression of the configuration computes. */
export interface Computed {
  readonly kind: 'computed';
  readonly logic: Logic;
}

export type Outcome = Answer | Division | Computed;

export interface Step {
  readonly when: Logic;
  readonly outcome: Outcome;
}

export interface Program {
  readonly steps: readonly Step[];
  readonly otherwise: Outcome;
}

/** The program as one expression. */
export function write(program: Program, outcome: (outcome: Outcome) => Logic): Logic {
  const pairs = program.steps.map(({ when, outcome: answer }) => [when, outcome(answer)] as const);
  const otherwise = outcome(program.otherwise);
  // What the last steps answer like everybody else needs no asking.
  while (pairs.length > 0 && JSON.stringify(pairs.at(-1)![1]) === JSON.stringify(otherwise)) pairs.pop();
  return branches(pairs, otherwise);
}

const [INSIDE, OUTSIDE] = ['in', 'out'];

/** Whether an outcome is one of those that are accepted. */
export function accepted(outcome: Answer | Division, accepts: (answer: Answer) => boolean): Logic {
  if (outcome.kind === 'answer') return accepts(outcome);
  return isInside(
    outcome.bucketBy,
    outcome.shares.map(({ answer, width }) => ({ inside: accepts(answer), width })),
  );
}

/** Whether the text's place is inside; spans in the order of places. */
export function isInside(
  bucketBy: Logic,
  spans: readonly { readonly inside: boolean; readonly width: number }[],
): Logic {
  const joined: { readonly inside: boolean; width: number }[] = [];
  for (const { inside, width } of spans) {
    const last = joined.at(-1);
    if (width === 0) continue;
    if (last?.inside === inside) last.width += width;
    else joined.push({ inside, width });
  }
  if (joined.length < 2) return joined[0]?.inside ?? false;
  return same(
    { fractional: [bucketBy, ...joined.map(({ inside, width }) => [inside ? INSIDE! : OUTSIDE!, width])] },
    INSIDE!,
  );
}

/** Steps that are asked only where a condition holds. */
export function onlyWhere(when: Logic, steps: readonly Step[]): readonly Step[] {
  return steps.map((step) => ({ ...step, when: and(when, step.when) }));
}
