/**
 * What the compile functions of one entity share: where problems go, what the
 * entity refers to, and how much work it may cause.
 *
 * Place on the path: made once per flag or segment. What holds: `steps` is an
 * upper bound of the work of one evaluation of this entity alone; the link
 * step adds what it refers to.
 */
import { LIMITS } from '../limits.ts';
import type { EntityKind, ProblemList } from '../problem.ts';

/** One place where an entity names another one; resolved when the set is linked. */
export interface Reference {
  readonly kind: 'flag' | 'segment';
  readonly key: string;
  /** Variants of the flag that are named, each with its path. */
  readonly variants: readonly string[];
  readonly entity: EntityKind;
  readonly path: string;
}

export class Scope {
  /** Key of the flag or segment. */
  readonly key: string;
  readonly problems: ProblemList;
  readonly references: Reference[] = [];
  #steps = 1;
  #nodes = 0;

  constructor(key: string, problems: ProblemList) {
    this.key = key;
    this.problems = problems;
  }

  get steps(): number {
    return this.#steps;
  }

  spend(steps: number): void {
    this.#steps += steps;
  }

  /** Counts a condition; reports once when there are too many. */
  enterNode(path: string): void {
    this.#nodes += 1;
    this.#steps += 1;
    if (this.#nodes === LIMITS.conditionNodes + 1) {
      this.problems.add(
        'LIMIT_EXCEEDED',
        path,
        `More than ${LIMITS.conditionNodes} conditions are given; move some into segments.`,
      );
    }
  }

  /** Reports an entity that could by itself take longer than an evaluation may. */
  checkSteps(): void {
    if (this.#steps <= LIMITS.evaluationSteps) return;
    this.problems.add(
      'LIMIT_EXCEEDED',
      '',
      `An evaluation could take ${this.#steps} steps, at most ${LIMITS.evaluationSteps} are allowed; move long lists into segments.`,
    );
  }

  refer(kind: Reference['kind'], key: string, path: string, variants: readonly string[] = []): void {
    this.references.push({ kind, key, variants, entity: this.problems.entity, path });
  }
}
