/**
 * The answers that a flag can give, made once: a successful evaluation hands
 * one of them out and allocates nothing.
 *
 * Place on the path: made per flag, used by everything that serves.
 */
import { answerOf, type Evaluation, type FlagFacts, type Reason } from '../evaluation.ts';
import type { JsonValue } from '../model.ts';
import type { ProblemList } from '../problem.ts';

type AnsweringReason = Exclude<Reason, 'ERROR'>;

export class Answers {
  readonly facts: FlagFacts;
  readonly #values: ReadonlyMap<string, JsonValue>;

  constructor(facts: FlagFacts, values: ReadonlyMap<string, JsonValue>) {
    this.facts = facts;
    this.#values = values;
  }

  /** A variant that the flag has; undefined is the caller's default. */
  known(variant: string | undefined, reason: AnsweringReason, ruleId = ''): Evaluation {
    const value = variant === undefined ? undefined : this.#values.get(variant);
    return answerOf(this.facts, reason, ruleId, variant, value);
  }

  /** A variant that a definition names; reports one that the flag does not have. */
  named(
    variant: string | undefined,
    reason: AnsweringReason,
    ruleId: string,
    path: string,
    problems: ProblemList,
  ): Evaluation {
    if (!variant) {
      problems.add('MISSING_FIELD', path, 'The key of a variant is needed.');
    } else if (!this.#values.has(variant)) {
      const names = [...this.#values.keys()].slice(0, 20).join(', ') || 'none';
      problems.add('UNKNOWN_VARIANT', path, `The flag has no variant "${variant}"; it has ${names}.`);
    }
    return this.known(variant, reason, ruleId);
  }
}
