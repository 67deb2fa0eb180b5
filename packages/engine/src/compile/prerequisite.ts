/**
 * A prerequisite: what another flag must answer for the same context and
 * instant.
 *
 * Place on the path: at flag, rule and condition level; they differ only in
 * what follows a failure. The flag is found by key through the set when asked,
 * so editing it does not recompile this one.
 */
import { evaluateFlag } from '../evaluate-flag.ts';
import type { Evaluation } from '../evaluation.ts';
import { LIMITS } from '../limits.ts';
import type {
  ConditionDefinition,
  JsonValue,
  MissingFlagPolicy,
  PrerequisiteDefinition,
  PrerequisiteState,
} from '../model.ts';
import { type Condition, type Walk, WalkAbort } from '../walk.ts';
import type { Scope } from './scope.ts';

/** What a parent's answer must report as enabled; undefined: either. */
const ENABLED_OF_STATE: ReadonlyMap<PrerequisiteState | undefined, boolean | undefined> = new Map([
  [undefined, true],
  ['PREREQUISITE_STATE_ON', true],
  ['PREREQUISITE_STATE_OFF', false],
  ['PREREQUISITE_STATE_ANY', undefined],
]);

const MISSING_FLAG_POLICIES: ReadonlySet<MissingFlagPolicy | undefined> = new Set<
  MissingFlagPolicy | undefined
>([undefined, 'MISSING_FLAG_POLICY_FAIL', 'MISSING_FLAG_POLICY_ERROR']);

interface Requirement {
  readonly flagKey: string;
  /** Undefined: either. */
  readonly enabled: boolean | undefined;
  /** Empty: any. */
  readonly variants: readonly string[];
  /** Of the parent's value, as the attribute "value". */
  readonly value: Condition | undefined;
  /** Thrown when the flag is not there; undefined: the prerequisite does not hold. */
  readonly whenMissing: WalkAbort | undefined;
}

export class Prerequisite implements Condition {
  readonly #requirement: Requirement;
  /** Path segment below the place that holds the prerequisite. */
  readonly #segment: string;

  constructor(requirement: Requirement, segment: string) {
    this.#requirement = requirement;
    this.#segment = segment;
  }

  holds(walk: Walk): boolean {
    const { flagKey, whenMissing } = this.#requirement;
    const step = walk.trace?.open('prerequisite', this.#segment);
    const parent = walk.directory.flag(flagKey);
    if (parent === undefined && whenMissing !== undefined) throw whenMissing;
    const answer = parent && evaluateFlag(parent, walk);
    const matched = answer !== undefined && this.#accepts(answer, walk);
    if (step !== undefined) {
      walk.trace?.close(step, matched, this.#message(answer));
      if (this.#requirement.variants.length > 0) step.expected = this.#requirement.variants;
      if (answer?.variant !== undefined) step.actual = answer.variant;
    }
    return matched;
  }

  #accepts(answer: Evaluation, walk: Walk): boolean {
    const { enabled, variants, value } = this.#requirement;
    if (answer.reason === 'ERROR') return false;
    if (enabled !== undefined && answer.enabled !== enabled) return false;
    if (variants.length > 0 && (answer.variant === undefined || !variants.includes(answer.variant)))
      return false;
    return value === undefined || holdsForValue(value, answer.value, walk);
  }

  #message(answer: Evaluation | undefined): string {
    const { flagKey, enabled, variants, value } = this.#requirement;
    const wanted = [
      ...(enabled === undefined ? [] : [`be ${onOrOff(enabled)}`]),
      ...(variants.length === 0 ? [] : [`answer ${variants.join(' or ')}`]),
      ...(value === undefined ? [] : ['answer a value that meets the condition']),
    ];
    const state =
      answer === undefined
        ? 'is not there'
        : `is ${onOrOff(answer.enabled)} and answers ${answer.variant ?? 'no variant'}`;
    return `Flag "${flagKey}" must ${wanted.join(' and ') || 'answer'}: it ${state}.`;
  }
}

function onOrOff(enabled: boolean): string {
  return enabled ? 'on' : 'off';
}

/** The value is the only attribute that the condition sees. */
function holdsForValue(condition: Condition, value: JsonValue | undefined, walk: Walk): boolean {
  const { context } = walk;
  walk.context = value === undefined ? {} : { value };
  try {
    walk.trace?.at('value');
    return condition.holds(walk);
  } finally {
    walk.context = context;
  }
}

/** Compiles a condition of the same entity. */
export type CompileCondition = (condition: ConditionDefinition, path: string) => Condition;

/** `segment` is "prerequisite" in a condition, "" in a list. */
export function compilePrerequisite(
  prerequisite: PrerequisiteDefinition,
  path: string,
  segment: string,
  scope: Scope,
  compile: CompileCondition,
): Prerequisite {
  const flagKey = prerequisite.flag ?? '';
  const variants = (prerequisite.variants ?? []).slice(0, LIMITS.variantsPerFlag);
  const { state, value, missingFlag } = prerequisite;
  if (flagKey === '') scope.problems.add('MISSING_FIELD', `${path}.flag`, 'The key of a flag is needed.');
  else scope.refer('flag', flagKey, path, { variants, optional: missingFlag !== undefined });
  if (variants.length === 0 && state === undefined && value === undefined) {
    const message = 'At least one variant that the flag must answer is needed, or a state or a value.';
    scope.problems.add('MISSING_FIELD', `${path}.variants`, message);
  }
  scope.problems.limit(
    `${path}.variants`,
    'Variants',
    prerequisite.variants?.length ?? 0,
    LIMITS.variantsPerFlag,
  );
  if (!ENABLED_OF_STATE.has(state)) {
    scope.problems.add('NOT_BUILT', `${path}.state`, 'This state is not built into this engine.');
  }
  if (!MISSING_FLAG_POLICIES.has(missingFlag)) {
    scope.problems.add('NOT_BUILT', `${path}.missingFlag`, 'This policy is not built into this engine.');
  }
  const requirement: Requirement = {
    flagKey,
    enabled: ENABLED_OF_STATE.get(state),
    variants,
    value: value && compileValueCondition(value, `${path}.value`, scope, compile),
    whenMissing:
      missingFlag === 'MISSING_FLAG_POLICY_ERROR'
        ? new WalkAbort('GENERAL', `Prerequisite "${flagKey}" is not there.`)
        : undefined,
  };
  return new Prerequisite(requirement, segment);
}

/** Whatever asks for more than the value would read the wrong context. */
function compileValueCondition(
  condition: ConditionDefinition,
  path: string,
  scope: Scope,
  compile: CompileCondition,
): Condition {
  if (!comparesOnly(condition, LIMITS.conditionDepth)) {
    const message = 'A condition on the value of a flag is made of comparisons, all, any and not alone.';
    scope.problems.add('BAD_CONDITION', path, message);
  }
  return compile(condition, path);
}

function comparesOnly(condition: ConditionDefinition, depth: number): boolean {
  // What is deeper is refused where it is compiled.
  if (depth === 0) return true;
  const { all, any, not, compare: _, ...others } = condition;
  if (Object.values(others).some((member) => member !== undefined)) return false;
  const inner = [...(all?.conditions ?? []), ...(any?.conditions ?? []), ...(not ? [not] : [])];
  return inner.every((nested) => comparesOnly(nested, depth - 1));
}

/** At condition level a failure is simply false, so no outcome may be named. */
export function compilePrerequisiteCondition(
  prerequisite: PrerequisiteDefinition,
  path: string,
  scope: Scope,
  compile: CompileCondition,
): Condition {
  if (prerequisite.onFailure !== undefined) {
    const message = 'A prerequisite in a condition is true or false; it has no outcome.';
    scope.problems.add('BAD_OUTCOME', `${path}.onFailure`, message);
  }
  return compilePrerequisite(prerequisite, path, 'prerequisite', scope, compile);
}
