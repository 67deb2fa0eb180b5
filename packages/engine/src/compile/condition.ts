/**
 * A condition is a tree of and/or/not over tests; it compiles to one function.
 *
 * Place on the path: rules and segments. Each member of the proto oneof is one
 * row of the table below.
 */
import { LIMITS } from '../limits.ts';
import type { ConditionDefinition, ConditionListDefinition } from '../model.ts';
import type { ConditionTest } from '../walk.ts';
import { compileComparison } from './comparison.ts';
import { compileGateMatch } from './gate.ts';
import { compilePrerequisiteCondition } from './prerequisite.ts';
import type { Scope } from './scope.ts';

const NEVER: ConditionTest = () => false;

type MemberName = keyof ConditionDefinition;
type MemberCompiler<Name extends MemberName> = (
  member: NonNullable<ConditionDefinition[Name]>,
  path: string,
  scope: Scope,
  depth: number,
) => ConditionTest;

type MemberCompilers = { readonly [Name in keyof Required<ConditionDefinition>]: MemberCompiler<Name> };

const MEMBERS: MemberCompilers = {
  all: (list, path, scope, depth) => compileList(list, path, scope, depth, true),
  any: (list, path, scope, depth) => compileList(list, path, scope, depth, false),
  not: compileNot,
  compare: compileComparison,
  segment: compileSegmentTest,
  prerequisite: compilePrerequisiteCondition,
  gate: (match, path, scope) => compileGateMatch(match, path, scope, `${scope.key}.condition.`),
  jsonLogic: (_expression, path, scope) => {
    scope.problems.add('NOT_BUILT', path, 'JSONLogic conditions are not built into this engine.');
    return NEVER;
  },
};
const MEMBER_NAMES = Object.keys(MEMBERS) as MemberName[];

export function compileCondition(
  condition: ConditionDefinition,
  path: string,
  scope: Scope,
  depth = 1,
): ConditionTest {
  scope.enterNode(path);
  if (depth > LIMITS.conditionDepth) {
    scope.problems.add('LIMIT_EXCEEDED', path, `Conditions are nested deeper than ${LIMITS.conditionDepth}.`);
    return NEVER;
  }
  const present = MEMBER_NAMES.filter((name) => condition[name] !== undefined);
  const [name] = present;
  if (name === undefined || present.length > 1) {
    const given = present.length === 0 ? 'none' : present.join(', ');
    scope.problems.add(
      'BAD_CONDITION',
      path,
      `A condition has exactly one of ${MEMBER_NAMES.join(', ')}; given: ${given}.`,
    );
    return NEVER;
  }
  return compileMember(name, condition, `${path}.${name}`, scope, depth);
}

function compileMember<Name extends MemberName>(
  name: Name,
  condition: ConditionDefinition,
  path: string,
  scope: Scope,
  depth: number,
): ConditionTest {
  const compile: MemberCompilers[Name] = MEMBERS[name];
  return compile(condition[name]!, path, scope, depth);
}

/** All conditions (and), or at least one (or): the first that differs from `all` decides. */
function compileList(
  list: ConditionListDefinition,
  path: string,
  scope: Scope,
  depth: number,
  all: boolean,
): ConditionTest {
  const tests = (list.conditions ?? []).map((condition, index) =>
    compileCondition(condition, `${path}.conditions[${index}]`, scope, depth + 1),
  );
  return (walk) => {
    const step = walk.trace?.open('condition', path);
    let result = all;
    for (let i = 0; i < tests.length; i += 1) {
      if (tests[i]!(walk) !== all) {
        result = !all;
        break;
      }
    }
    if (step !== undefined) {
      const holds = result ? 'holds' : 'does not hold';
      walk.trace?.close(step, result, `${all ? 'All' : 'Any'} of ${tests.length} conditions: ${holds}.`);
    }
    return result;
  };
}

function compileNot(inner: ConditionDefinition, path: string, scope: Scope, depth: number): ConditionTest {
  const test = compileCondition(inner, path, scope, depth + 1);
  return (walk) => {
    const step = walk.trace?.open('condition', path);
    const result = !test(walk);
    if (step !== undefined) walk.trace?.close(step, result, `Not: ${result ? 'holds' : 'does not hold'}.`);
    return result;
  };
}

function compileSegmentTest(segmentKey: string, path: string, scope: Scope): ConditionTest {
  if (segmentKey === '') {
    scope.problems.add('MISSING_FIELD', path, 'The key of a segment is needed.');
    return NEVER;
  }
  scope.refer('segment', segmentKey, path);
  return (walk) => {
    const step = walk.trace?.open('segment', path);
    const result = walk.directory.segment(segmentKey)?.contains(walk) ?? false;
    if (step !== undefined) {
      walk.trace?.close(
        step,
        result,
        `Segment "${segmentKey}" ${result ? 'contains' : 'does not contain'} the subject.`,
      );
    }
    return result;
  };
}
