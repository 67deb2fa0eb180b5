/**
 * What a test's flags are at one moment: definitions, and values of single subjects. Immutable, like the state that
 * a real client has in force; an edit compiles a new one, or throws and changes nothing.
 *
 * A subject with a value of its own is evaluated by a set of its own, in which those flags serve that value: so it
 * wins over switches and rules, and flags that have the flag as a prerequisite see it too.
 */
import { isDeepStrictEqual } from 'node:util';
import {
  type Compiled,
  type CompiledSet,
  compileSet,
  type FlagDefinition,
  type FlagUnit,
  type JsonObject,
  type JsonValue,
  type Problem,
  type SegmentUnit,
  updateSet,
} from '@flagstream/engine';
import { fail, invalidField, isKey, limitExceeded } from '@flagstream/protocol';
import { documentUnits } from '../state/document-units.ts';
import { declaredBy, servingAll, servingOne } from './served-value.ts';

const FLAGS_MAX = 100_000;
const OVERRIDES_MAX = 10_000;
const PROBLEMS_MAX = 20;

interface Content {
  /** As they were defined, before a test gave them a value. */
  readonly declared: ReadonlyMap<string, FlagDefinition>;
  readonly flags: ReadonlyMap<string, FlagUnit>;
  readonly segments: ReadonlyMap<string, SegmentUnit>;
  /** By targeting key, then by flag key. */
  readonly overrides: ReadonlyMap<string, ReadonlyMap<string, FlagUnit>>;
}

export class TestState {
  readonly #content: Content;
  readonly #compiled: CompiledSet;
  /** Sets of subjects with overrides, made when they are first asked for. */
  readonly #bySubject = new Map<string, CompiledSet>();

  private constructor(content: Content, compiled: CompiledSet) {
    this.#content = content;
    this.#compiled = compiled;
  }

  static empty(): TestState {
    const nothing = new Map<string, never>();
    const content = { declared: nothing, flags: nothing, segments: nothing, overrides: nothing };
    return new TestState(content, compileSet([], []).set);
  }

  /** What evaluates this context. */
  setFor(context: JsonObject): CompiledSet {
    if (this.#content.overrides.size === 0) return this.#compiled;
    const { targetingKey } = context;
    if (typeof targetingKey !== 'string') return this.#compiled;
    const flags = this.#content.overrides.get(targetingKey);
    if (flags === undefined) return this.#compiled;
    const known = this.#bySubject.get(targetingKey);
    if (known !== undefined) return known;
    const own = updateSet(this.#compiled, { flags }).set;
    this.#bySubject.set(targetingKey, own);
    return own;
  }

  flagKeys(): readonly string[] {
    return this.#compiled.flagKeys();
  }

  /** Serves the value to everybody who has no override. An unknown flag is defined by its value. */
  withValue(flagKey: string, value: JsonValue): TestState {
    const declared = this.#content.declared.get(checkedKey(flagKey)) ?? declaredBy(value);
    return this.#withFlag(flagKey, declared, servingAll(flagKey, declared, value));
  }

  /** @throws FlagstreamError FLAG_NOT_FOUND */
  switchedOff(flagKey: string): TestState {
    const unit = this.#known(flagKey, this.#content.flags);
    return this.#withFlag(flagKey, this.#known(flagKey, this.#content.declared), {
      ...unit,
      config: { ...unit.config, enabled: false },
    });
  }

  /** @throws FlagstreamError FLAG_NOT_FOUND, TYPE_MISMATCH */
  withOverride(flagKey: string, targetingKey: string, value: JsonValue): TestState {
    const declared = this.#known(flagKey, this.#content.declared);
    const unit = servingOne(flagKey, declared, targetingKey, value);
    const own = new Map(this.#content.overrides.get(targetingKey)).set(flagKey, unit);
    const overrides = new Map(this.#content.overrides).set(targetingKey, own);
    const count = [...overrides.values()].reduce((sum, flags) => sum + flags.size, 0);
    if (count > OVERRIDES_MAX) throw limitExceeded('overrides', `at most ${OVERRIDES_MAX} fit`);
    checked(updateSet(this.#compiled, { flags: new Map([[flagKey, unit]]) }));
    return new TestState({ ...this.#content, overrides }, this.#compiled);
  }

  /** @param targetingKey undefined: of every subject */
  withoutOverride(flagKey: string, targetingKey: string | undefined): TestState {
    const concerned = (subject: string): boolean => targetingKey === undefined || subject === targetingKey;
    return new TestState(
      { ...this.#content, overrides: this.#overridesWithout([flagKey], concerned) },
      this.#compiled,
    );
  }

  without(flagKey: string): TestState {
    const declared = new Map(this.#content.declared);
    const flags = new Map(this.#content.flags);
    declared.delete(flagKey);
    flags.delete(flagKey);
    const compiled = checked(updateSet(this.#compiled, { flags: new Map([[flagKey, null]]) }));
    const overrides = this.#overridesWithout([flagKey]);
    return new TestState({ ...this.#content, declared, flags, overrides }, compiled);
  }

  /** Flags and segments of the document replace those of the same key, with all overrides of such flags. */
  withDocument(document: unknown, environment: string): TestState {
    const units = documentUnits(document, environment, 'flag document');
    if (units.problems.length > 0) throw definitionError(units.problems);
    const ofDocument = new Map(units.flags.map((unit) => [unit.key, unit]));
    const segmentsOfDocument = new Map(units.segments.map((unit) => [unit.key, unit]));
    const compiled = checked(updateSet(this.#compiled, { flags: ofDocument, segments: segmentsOfDocument }));
    const content: Content = {
      declared: new Map([
        ...this.#content.declared,
        ...units.flags.map(({ key, flag }) => [key, flag] as const),
      ]),
      flags: new Map([...this.#content.flags, ...ofDocument]),
      segments: new Map([...this.#content.segments, ...segmentsOfDocument]),
      overrides: this.#overridesWithout([...ofDocument.keys()]),
    };
    return new TestState(withinLimit(content), compiled);
  }

  /** Flags whose answers may differ in the other state, sorted. */
  changedKeys(after: TestState): readonly string[] {
    const flags = differing(this.#content.flags, after.#content.flags);
    const segments = differing(this.#content.segments, after.#content.segments);
    for (const subject of differing(this.#content.overrides, after.#content.overrides)) {
      for (const flagKey of differing(this.#overridesOf(subject), after.#overridesOf(subject)))
        flags.add(flagKey);
    }
    const affected = [this, after].flatMap((state) => [...state.#compiled.affectedBy(flags, segments)]);
    return [...new Set(affected)].sort();
  }

  #overridesOf(targetingKey: string): ReadonlyMap<string, FlagUnit> {
    return this.#content.overrides.get(targetingKey) ?? new Map();
  }

  #withFlag(flagKey: string, declared: FlagDefinition, unit: FlagUnit): TestState {
    const compiled = checked(updateSet(this.#compiled, { flags: new Map([[flagKey, unit]]) }));
    const content = {
      ...this.#content,
      declared: new Map(this.#content.declared).set(flagKey, declared),
      flags: new Map(this.#content.flags).set(flagKey, unit),
    };
    return new TestState(withinLimit(content), compiled);
  }

  #known<Value>(flagKey: string, values: ReadonlyMap<string, Value>): Value {
    const value = values.get(flagKey);
    if (value !== undefined) return value;
    throw fail('FLAG_NOT_FOUND', `There is no flag "${flagKey}": set a value first, or load its definition.`);
  }

  #overridesWithout(
    flagKeys: readonly string[],
    concerned: (targetingKey: string) => boolean = () => true,
  ): Content['overrides'] {
    const gone = new Set(flagKeys);
    const kept = [...this.#content.overrides].map(([subject, flags]) => {
      const left = [...flags].filter(([flagKey]) => !gone.has(flagKey) || !concerned(subject));
      return [subject, new Map(left)] as const;
    });
    return new Map(kept.filter(([, flags]) => flags.size > 0));
  }
}

function checkedKey(flagKey: string): string {
  if (isKey(flagKey)) return flagKey;
  throw invalidField('flagKey', `must be a flag's key, not ${JSON.stringify(flagKey)}`);
}

function withinLimit(content: Content): Content {
  if (content.flags.size > FLAGS_MAX) throw limitExceeded('flags', `at most ${FLAGS_MAX} fit`);
  return content;
}

/** A real client keeps the last good definition; a test is better told at once. */
function checked({ set, problems }: Compiled): CompiledSet {
  if (problems.length > 0) throw definitionError(problems);
  return set;
}

function definitionError(problems: readonly Problem[]): Error {
  const fields = problems.slice(0, PROBLEMS_MAX).map(({ entity, key, path, message, code }) => ({
    field: path === '' ? `${entity} ${key}` : `${entity} ${key}: ${path}`,
    description: message,
    reason: code,
  }));
  const text = fields.map(({ field, description }) => `${field}: ${description}`).join(' ');
  return fail('INVALID_DEFINITION', text, { fields });
}

function differing(before: ReadonlyMap<string, unknown>, after: ReadonlyMap<string, unknown>): Set<string> {
  const keys = new Set([...before.keys(), ...after.keys()]);
  return new Set([...keys].filter((key) => !isSame(before.get(key), after.get(key))));
}

function isSame(one: unknown, other: unknown): boolean {
  return one === other || isDeepStrictEqual(one, other);
}
