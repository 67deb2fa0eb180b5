/**
 * The ids of a flag's holdouts and rules: answers carry them, so each is given
 * and unique.
 *
 * Place on the path: one per flag while it compiles.
 */
import type { ProblemList } from '../problem.ts';

export class RuleIds {
  readonly #taken = new Set<string>();
  readonly #problems: ProblemList;

  constructor(problems: ProblemList) {
    this.#problems = problems;
  }

  /** The id, "" when none is given; `path` is that of the rule or holdout. */
  take(id: string | undefined, path: string): string {
    if (!id) {
      this.#problems.add('MISSING_FIELD', `${path}.id`, 'An id is needed; answers carry it.');
      return '';
    }
    if (this.#taken.has(id)) {
      this.#problems.add('DUPLICATE_RULE_ID', `${path}.id`, `The id "${id}" is given twice.`);
    }
    this.#taken.add(id);
    return id;
  }
}
