/**
 * The answers that a flag can give, made once: a successful evaluation hands
 * one of them out and allocates nothing.
 *
 * Place on the path: made per flag, used by everything that serves.
 */
import { answerOf, type Evaluation, type FlagFacts, type Reason } from '../evaluation.ts';
import type { EnabledOverride, JsonValue } from '../model.ts';
import type { ProblemList } from '../problem.ts';

type AnsweringReason = Exclude<Reason, 'ERROR'>;

/** A variant as answers need it. */
export interface VariantFacts {
  readonly value: JsonValue;
  readonly enabledOverride: EnabledOverride | undefined;
}

/** Why and by what an answer is given. */
export interface AnswerSite {
  readonly reason: AnsweringReason;
  /** "" or absent when no rule decides. */
  readonly ruleId?: string;
  /** Wins over the variant's own. */
  readonly enabledOverride?: EnabledOverride | undefined;
}

export class Answers {
  readonly facts: FlagFacts;
  readonly #variants: ReadonlyMap<string, VariantFacts>;

  constructor(facts: FlagFacts, variants: ReadonlyMap<string, VariantFacts>) {
    this.facts = facts;
    this.#variants = variants;
  }

  get variants(): Iterable<string> {
    return this.#variants.keys();
  }

  /** A variant that the flag has; undefined is the caller's default. */
  known(variant: string | undefined, { reason, ruleId = '', enabledOverride }: AnswerSite): Evaluation {
    const served = variant === undefined ? undefined : this.#variants.get(variant);
    const override = enabledOverride ?? served?.enabledOverride;
    const enabled = override === undefined ? this.facts.enabled : override === 'ENABLED_OVERRIDE_ON';
    return answerOf(this.facts, reason, ruleId, variant, served?.value, enabled);
  }

  /** A variant that a definition names; reports one that the flag does not have. */
  named(variant: string | undefined, site: AnswerSite, path: string, problems: ProblemList): Evaluation {
    if (!variant) {
      problems.add('MISSING_FIELD', path, 'The key of a variant is needed.');
    } else if (!this.#variants.has(variant)) {
      const names = [...this.#variants.keys()].slice(0, 20).join(', ') || 'none';
      problems.add('UNKNOWN_VARIANT', path, `The flag has no variant "${variant}"; it has ${names}.`);
    }
    return this.known(variant, site);
  }
}

/** The override as given; reports one that this engine does not know. */
export function checkedOverride(
  override: EnabledOverride | undefined,
  path: string,
  problems: ProblemList,
): EnabledOverride | undefined {
  if (override === undefined || override === 'ENABLED_OVERRIDE_ON' || override === 'ENABLED_OVERRIDE_OFF') {
    return override;
  }
  problems.add('NOT_BUILT', path, 'This override is not built into this engine.');
  return undefined;
}
