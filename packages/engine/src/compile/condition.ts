/**
 * A condition is a tree of and/or/not over tests.
 *
 * Place on the path: rules and segments. Each member of the proto oneof is one
 * row of the table below.
 */
import { compileJsonLogicCondition } from '../json-logic/json-logic-condition.ts';
import { LIMITS } from '../limits.ts';
import type { ConditionDefinition, ConditionListDefinition, MissingSegmentPolicy } from '../model.ts';
import { type Condition, type Walk, WalkAbort } from '../walk.ts';
import { compileComparison } from './comparison.ts';
import { NEVER } from './fixed-condition.ts';
import { gatePrefixes } from './gate.ts';
import { compileGateMatch } from './gate-match.ts';
import { compilePrerequisiteCondition } from './prerequisite.ts';
import type { Scope } from './scope.ts';

type MemberName = Exclude<keyof ConditionDefinition, 'missingSegment'>;
type MemberCompiler<Name extends MemberName> = (
  member: NonNullable<ConditionDefinition[Name]>,
  path: string,
  scope: Scope,
  depth: number,
  missingSegment: MissingSegmentPolicy | undefined,
) => Condition;
type MemberCompilers = { readonly [Name in MemberName]: MemberCompiler<Name> };

const MEMBERS: MemberCompilers = {
  all: (list, path, scope, depth) => new ConditionList(compileList(list, path, scope, depth), true),
  any: (list, path, scope, depth) => new ConditionList(compileList(list, path, scope, depth), false),
  not: (inner, path, scope, depth) => new Negation(compileCondition(inner, path, scope, depth + 1)),
  compare: compileComparison,
  segment: (key, path, scope, _depth, missing) => compileSegmentTest(key, missing, path, scope),
  prerequisite: (member, path, scope, depth) =>
    compilePrerequisiteCondition(member, path, scope, (value, valuePath) =>
      compileCondition(value, valuePath, scope, depth + 1),
    ),
  gate: (match, path, scope) =>
    compileGateMatch(match, path, 'gate', gatePrefixes(scope.key).condition, scope),
  jsonLogic: compileJsonLogicCondition,
};
const MEMBER_NAMES = Object.keys(MEMBERS) as MemberName[];

/** All conditions (and), or at least one (or): the first that differs decides. */
class ConditionList implements Condition {
  readonly #conditions: readonly Condition[];
  readonly #all: boolean;

  constructor(conditions: readonly Condition[], all: boolean) {
    this.#conditions = conditions;
    this.#all = all;
  }

  holds(walk: Walk): boolean {
    const all = this.#all;
    const conditions = this.#conditions;
    const step = walk.trace?.open('condition', all ? 'all' : 'any');
    let result = all;
    for (let i = 0; i < conditions.length && result === all; i += 1) {
      walk.trace?.at(`conditions[${i}]`);
      result = conditions[i]!.holds(walk);
    }
    if (step !== undefined) {
      const holds = result ? 'holds' : 'does not hold';
      walk.trace?.close(step, result, `${all ? 'All' : 'Any'} of ${conditions.length} conditions: ${holds}.`);
    }
    return result;
  }
}

class Negation implements Condition {
  readonly #condition: Condition;

  constructor(condition: Condition) {
    this.#condition = condition;
  }

  holds(walk: Walk): boolean {
    const step = walk.trace?.open('condition', 'not');
    const result = !this.#condition.holds(walk);
    if (step !== undefined) walk.trace?.close(step, result, `Not: ${result ? 'holds' : 'does not hold'}.`);
    return result;
  }
}

class SegmentTest implements Condition {
  readonly #segmentKey: string;
  /** Thrown when the segment is not there; undefined: nobody is in it. */
  readonly #whenMissing: WalkAbort | undefined;

  constructor(segmentKey: string, whenMissing: WalkAbort | undefined) {
    this.#segmentKey = segmentKey;
    this.#whenMissing = whenMissing;
  }

  holds(walk: Walk): boolean {
    const step = walk.trace?.openEntity('segment', 'segment');
    const segment = walk.directory.segment(this.#segmentKey);
    if (segment === undefined && this.#whenMissing !== undefined) throw this.#whenMissing;
    const result = segment?.contains(walk) ?? false;
    if (step !== undefined) {
      const contains = result ? 'contains' : 'does not contain';
      walk.trace?.close(step, result, `Segment "${this.#segmentKey}" ${contains} the subject.`);
    }
    return result;
  }
}

export function compileCondition(
  condition: ConditionDefinition,
  path: string,
  scope: Scope,
  depth = 1,
): Condition {
  scope.enterNode(path);
  if (depth > LIMITS.conditionDepth) {
    scope.problems.add('LIMIT_EXCEEDED', path, `Conditions are nested deeper than ${LIMITS.conditionDepth}.`);
    return NEVER;
  }
  const present = MEMBER_NAMES.filter((name) => condition[name] !== undefined);
  const [name] = present;
  if (name === undefined || present.length > 1) {
    const given = present.length === 0 ? 'none' : present.join(', ');
    const message = `A condition has exactly one of ${MEMBER_NAMES.join(', ')}; given: ${given}.`;
    scope.problems.add('BAD_CONDITION', path, message);
    return NEVER;
  }
  const { segment, missingSegment } = condition;
  if (missingSegment !== undefined && segment === undefined) {
    const message = 'Only a test of a segment says what a segment that is not there means.';
    scope.problems.add('BAD_CONDITION', `${path}.missingSegment`, message);
  }
  return compileMember(name, condition, `${path}.${name}`, scope, depth);
}

function compileMember<Name extends MemberName>(
  name: Name,
  condition: ConditionDefinition,
  path: string,
  scope: Scope,
  depth: number,
): Condition {
  const compile: MemberCompilers[Name] = MEMBERS[name];
  return compile(condition[name]!, path, scope, depth, condition.missingSegment);
}

function compileList(list: ConditionListDefinition, path: string, scope: Scope, depth: number): Condition[] {
  return (list.conditions ?? []).map((condition, index) =>
    compileCondition(condition, `${path}.conditions[${index}]`, scope, depth + 1),
  );
}

const MISSING_SEGMENT_POLICIES: ReadonlySet<MissingSegmentPolicy | undefined> = new Set<
  MissingSegmentPolicy | undefined
>([undefined, 'MISSING_SEGMENT_POLICY_NO_MATCH', 'MISSING_SEGMENT_POLICY_ERROR']);

function compileSegmentTest(
  segmentKey: string,
  missing: MissingSegmentPolicy | undefined,
  path: string,
  scope: Scope,
): Condition {
  if (segmentKey === '') scope.problems.add('MISSING_FIELD', path, 'The key of a segment is needed.');
  else scope.refer('segment', segmentKey, path, { optional: missing !== undefined });
  if (!MISSING_SEGMENT_POLICIES.has(missing)) {
    scope.problems.add('NOT_BUILT', path, 'This policy for a missing segment is not built into this engine.');
  }
  const whenMissing =
    missing === 'MISSING_SEGMENT_POLICY_ERROR'
      ? new WalkAbort('GENERAL', `Segment "${segmentKey}" is not there.`)
      : undefined;
  return new SegmentTest(segmentKey, whenMissing);
}
