/**
 * A flag in one environment as a program, and what its prerequisites ask of other flags' programs. The order of the steps
 * is that of the engine: prerequisites, holdouts, targets, rules, fallthrough.
 */
import {
  type ConditionDefinition,
  compileSet,
  type FlagUnit,
  gatePrefixes,
  type JsonValue,
  type PrerequisiteDefinition,
  parseInstant,
  type RuleDefinition,
  type SegmentUnit,
  type WindowDefinition,
} from '@flagstream/engine';
import { Answers } from './answers.ts';
import { attributeOf, isListed } from './attribute.ts';
import { type ConditionSite, conditionLogic, type Surroundings } from './condition.ts';
import { and, type Logic, not } from './expression.ts';
import { isSince, matchLogic } from './gate.ts';
import { type Answer, accepted, type Outcome, onlyWhere, type Program, type Step, write } from './program.ts';
import { serveSteps } from './serve.ts';
import { Withheld } from './withheld.ts';

/** Units that are in force, by key. */
export interface UnitLookup {
  flag(key: string): FlagUnit | undefined;
  segment(key: string): SegmentUnit | undefined;
}

/** Of one flag, compiled; with what it refers to. */
export const COMPILED_BYTES_MAX: number = 65_536;

/** Programs of one environment's flags, each made once for all that refer to it. */
export class FlagPrograms {
  readonly #units: UnitLookup;
  readonly #made = new Map<string, Program | Withheld>();

  constructor(units: UnitLookup) {
    this.#units = units;
  }

  /** @throws Withheld */
  of(unit: FlagUnit): Program {
    let made = this.#made.get(unit.key);
    if (made === undefined) {
      made = this.#make(unit);
      this.#made.set(unit.key, made);
    }
    if (made instanceof Withheld) throw made;
    return made;
  }

  #make(unit: FlagUnit): Program | Withheld {
    try {
      return new FlagWriter(unit, this.#units, this).program();
    } catch (error) {
      if (error instanceof Withheld) return error;
      throw error;
    }
  }
}

class FlagWriter implements Surroundings {
  readonly #unit: FlagUnit;
  readonly #units: UnitLookup;
  readonly #programs: FlagPrograms;
  readonly #answers: Answers;
  readonly #site: ConditionSite;
  #inlinedChars = 0;

  constructor(unit: FlagUnit, units: UnitLookup, programs: FlagPrograms) {
    this.#unit = unit;
    this.#units = units;
    this.#programs = programs;
    this.#answers = new Answers(unit);
    this.#site = { key: unit.key, dialect: unit.config?.jsonLogicDialect, surroundings: this };
  }

  program(): Program {
    const { flag, config = {} } = this.#unit;
    const answers = this.#answers;
    const whenOff = answers.known(config.offVariant || flag.offVariant);
    const guard = this.#prerequisiteSteps(config.prerequisites ?? [], whenOff, false).steps;
    if (!config.enabled) return { steps: config.prerequisitesBeforeSwitch ? guard : [], otherwise: whenOff };
    const prefixes = gatePrefixes(this.#unit.key);
    const steps: Step[] = [...guard];
    for (const { subjects, variant } of config.holdouts ?? [])
      steps.push({
        when: matchLogic(subjects ?? {}, prefixes.holdout),
        outcome: variant ? answers.known(variant) : whenOff,
      });
    for (const { variant, attribute, contextKind, values = [] } of config.targets ?? [])
      steps.push({
        when: isListed(attributeOf(attribute, contextKind), values),
        outcome: answers.known(variant),
      });
    for (const rule of config.rules ?? []) steps.push(...this.#ruleSteps(rule, whenOff));
    if (config.fallthrough !== undefined) steps.push(...serveSteps(config.fallthrough, this.#serveSite));
    return settled(steps, answers.known(undefined));
  }

  get #serveSite(): Parameters<typeof serveSteps>[1] {
    return { flagKey: this.#unit.key, answers: this.#answers, dialect: this.#site.dialect };
  }

  #ruleSteps(rule: RuleDefinition, whenOff: Answer): readonly Step[] {
    const window = rule.window ? windowLogic(rule.window) : true;
    const { steps, required } = this.#prerequisiteSteps(rule.prerequisites ?? [], whenOff, true);
    const condition = rule.condition ? conditionLogic(rule.condition, this.#site) : true;
    const served = serveSteps(rule.serve ?? {}, this.#serveSite);
    return onlyWhere(window, [...steps, ...onlyWhere(and(required, condition), served)]);
  }

  /** Failures that answer, in order; what else is required leads to the next rule. */
  #prerequisiteSteps(
    prerequisites: readonly PrerequisiteDefinition[],
    whenOff: Answer,
    ofRule: boolean,
  ): { readonly steps: readonly Step[]; readonly required: Logic } {
    const steps: Step[] = [];
    let required: Logic = true;
    for (const prerequisite of prerequisites) {
      const { flag = '', missingFlag } = prerequisite;
      if (missingFlag === 'MISSING_FLAG_POLICY_ERROR' && this.#units.flag(flag) === undefined) {
        steps.push({ when: required, outcome: this.#answers.error() });
        return { steps, required: false };
      }
      const holds = this.prerequisite(prerequisite);
      const failure = this.#failureOf(prerequisite, whenOff, ofRule);
      if (failure === undefined) required = and(required, holds);
      else steps.push({ when: and(required, not(holds)), outcome: failure });
    }
    return { steps, required };
  }

  /** Undefined: the next rule. */
  #failureOf(
    { onFailure, failureVariant }: PrerequisiteDefinition,
    whenOff: Answer,
    ofRule: boolean,
  ): Answer | undefined {
    const answers = this.#answers;
    switch (onFailure) {
      case 'PREREQUISITE_OUTCOME_VARIANT':
        return answers.known(failureVariant);
      case 'PREREQUISITE_OUTCOME_CODE_DEFAULT':
        return answers.known(undefined);
      case 'PREREQUISITE_OUTCOME_ERROR':
        return answers.error();
      case 'PREREQUISITE_OUTCOME_OFF_VARIANT':
        return whenOff;
      default:
        return ofRule ? undefined : whenOff;
    }
  }

  segment(key: string): SegmentUnit | undefined {
    return this.#units.segment(key);
  }

  prerequisite(definition: PrerequisiteDefinition): Logic {
    const { flag = '', missingFlag } = definition;
    const parent = this.#units.flag(flag);
    if (parent === undefined) {
      if (missingFlag !== 'MISSING_FLAG_POLICY_ERROR') return false;
      throw new Withheld('missing-entity', `the flag "${flag}" is not there, which is an error`);
    }
    return this.inlined(write(this.#programOf(parent), (outcome) => acceptedBy(definition, outcome)));
  }

  #programOf(parent: FlagUnit): Program {
    try {
      return this.#programs.of(parent);
    } catch (error) {
      if (!(error instanceof Withheld)) throw error;
      throw new Withheld('prerequisite', `the prerequisite "${parent.key}": ${error.message}`);
    }
  }

  inlined(logic: Logic): Logic {
    this.#inlinedChars += JSON.stringify(logic).length;
    if (this.#inlinedChars > COMPILED_BYTES_MAX) throw tooLarge();
    return logic;
  }
}

export function tooLarge(): Withheld {
  return new Withheld('size', `larger than ${COMPILED_BYTES_MAX} bytes with all that it refers to`);
}

/** Without the steps behind one that always holds. */
function settled(steps: readonly Step[], otherwise: Answer): Program {
  const last = steps.findIndex(({ when }) => when === true);
  return last < 0 ? { steps, otherwise } : { steps: steps.slice(0, last), otherwise: steps[last]!.outcome };
}

function windowLogic({ start, end, endInclusive = false }: WindowDefinition): Logic {
  const startMs = start === undefined ? undefined : parseInstant(start);
  const endMs = end === undefined ? undefined : parseInstant(end);
  const afterMs = endMs === undefined || !endInclusive ? endMs : endMs + 1;
  return and(
    startMs === undefined ? true : isSince(startMs, 'window'),
    afterMs === undefined ? true : not(isSince(afterMs, 'window')),
  );
}

const ENABLED_OF_STATE = {
  PREREQUISITE_STATE_ON: true,
  PREREQUISITE_STATE_OFF: false,
  PREREQUISITE_STATE_ANY: undefined,
} as const;

function acceptedBy(definition: PrerequisiteDefinition, outcome: Outcome): Logic {
  if (outcome.kind === 'computed')
    throw new Withheld('prerequisite', `the prerequisite "${definition.flag}" computes its variant`);
  return accepted(outcome, (answer) => accepts(definition, answer));
}

function accepts({ state, variants = [], value }: PrerequisiteDefinition, answer: Answer): boolean {
  const enabled = ENABLED_OF_STATE[state ?? 'PREREQUISITE_STATE_ON'];
  if (answer.isError || (enabled !== undefined && answer.enabled !== enabled)) return false;
  if (variants.length > 0 && (answer.variant === undefined || !variants.includes(answer.variant)))
    return false;
  return value === undefined || holdsFor(value, answer.value);
}

/** Asks the engine itself: a variant's value is known here, and is all that the condition sees. */
function holdsFor(condition: ConditionDefinition, value: JsonValue | undefined): boolean {
  const variants = [{ key: 'holds', value: true }];
  const config = { enabled: true, rules: [{ id: 'value', condition, serve: { variant: 'holds' } }] };
  const { set } = compileSet([{ key: 'value', flag: { kind: 'FLAG_KIND_BOOLEAN', variants }, config }], []);
  return set.evaluate('value', value === undefined ? {} : { value }, 0).variant === 'holds';
}
