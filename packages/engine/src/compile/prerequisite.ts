/**
 * A prerequisite: another flag that must be on and answer one of some variants
 * for the same context and instant.
 *
 * Place on the path: at flag, rule and condition level; they differ only in
 * what follows a failure. The flag is found by key through the set when asked,
 * so editing it does not recompile this one.
 */
import { evaluateFlag } from '../evaluate-flag.ts';
import type { Evaluation } from '../evaluation.ts';
import { LIMITS } from '../limits.ts';
import type { PrerequisiteDefinition } from '../model.ts';
import type { CompiledFlag, Condition, Walk } from '../walk.ts';
import type { Scope } from './scope.ts';

export class Prerequisite implements Condition {
  readonly #flagKey: string;
  readonly #variants: readonly string[];
  /** Path segment below the place that holds the prerequisite. */
  readonly #segment: string;

  constructor(flagKey: string, variants: readonly string[], segment: string) {
    this.#flagKey = flagKey;
    this.#variants = variants;
    this.#segment = segment;
  }

  holds(walk: Walk): boolean {
    const step = walk.trace?.open('prerequisite', this.#segment);
    const parent = walk.directory.flag(this.#flagKey);
    const answer = parent?.enabled ? evaluateFlag(parent, walk) : undefined;
    const matched =
      answer?.variant !== undefined && answer.reason !== 'ERROR' && this.#variants.includes(answer.variant);
    if (step !== undefined) {
      walk.trace?.close(step, matched, this.#message(parent, answer));
      step.expected = this.#variants;
      if (answer?.variant !== undefined) step.actual = answer.variant;
    }
    return matched;
  }

  #message(parent: CompiledFlag | undefined, answer: Evaluation | undefined): string {
    const state = parent?.enabled ? `answers ${answer?.variant ?? 'no variant'}` : 'is off';
    return `Flag "${this.#flagKey}" must answer ${this.#variants.join(' or ')}: it ${state}.`;
  }
}

/** `segment` is "prerequisite" in a condition, "" in a list. */
export function compilePrerequisite(
  prerequisite: PrerequisiteDefinition,
  path: string,
  segment: string,
  scope: Scope,
): Prerequisite {
  const flagKey = prerequisite.flag ?? '';
  const variants = (prerequisite.variants ?? []).slice(0, LIMITS.variantsPerFlag);
  if (flagKey === '') scope.problems.add('MISSING_FIELD', `${path}.flag`, 'The key of a flag is needed.');
  else scope.refer('flag', flagKey, path, variants);
  if (variants.length === 0) {
    const message = 'At least one variant that the flag must answer is needed.';
    scope.problems.add('MISSING_FIELD', `${path}.variants`, message);
  }
  scope.problems.limit(
    `${path}.variants`,
    'Variants',
    prerequisite.variants?.length ?? 0,
    LIMITS.variantsPerFlag,
  );
  return new Prerequisite(flagKey, variants, segment);
}

/** At condition level a failure is simply false, so no outcome may be named. */
export function compilePrerequisiteCondition(
  prerequisite: PrerequisiteDefinition,
  path: string,
  scope: Scope,
): Condition {
  if (prerequisite.onFailure !== undefined) {
    const message = 'A prerequisite in a condition is true or false; it has no outcome.';
    scope.problems.add('BAD_OUTCOME', `${path}.onFailure`, message);
  }
  return compilePrerequisite(prerequisite, path, 'prerequisite', scope);
}
