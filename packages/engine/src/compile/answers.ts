/**
 * The answers that a flag can give, made once: a successful evaluation hands
 * one of them out and allocates nothing.
 *
 * Place on the path: made per flag, used by everything that serves.
 */
import { answerOf, type Evaluation, type FlagFacts, type Reason } from '../evaluation.ts';
import type { JsonValue } from '../model.ts';
import type { ProblemList } from '../problem.ts';

export class Answers {
  readonly facts: FlagFacts;
  readonly #values: ReadonlyMap<string, JsonValue>;

  constructor(facts: FlagFacts, values: ReadonlyMap<string, JsonValue>) {
    this.facts = facts;
    this.#values = values;
  }

  /** The caller's default. */
  none(reason: Exclude<Reason, 'ERROR'>, ruleId = ''): Evaluation {
    return answerOf(this.facts, reason, ruleId, undefined, undefined);
  }

  /** A variant; reports one that the flag does not have. */
  variant(
    key: string | undefined,
    reason: Exclude<Reason, 'ERROR'>,
    ruleId: string,
    path: string,
    problems: ProblemList,
  ): Evaluation {
    const value = key === undefined ? undefined : this.#values.get(key);
    if (value !== undefined) return answerOf(this.facts, reason, ruleId, key, value);
    if (!key) problems.add('MISSING_FIELD', path, 'The key of a variant is needed.');
    else problems.add('UNKNOWN_VARIANT', path, `The flag has no variant "${key}"; it has ${this.#names()}.`);
    return this.none(reason, ruleId);
  }

  #names(): string {
    const names = [...this.#values.keys()];
    return names.length === 0 ? 'none' : names.slice(0, 20).join(', ');
  }
}
