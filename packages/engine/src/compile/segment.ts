/**
 * A segment: a named set of subjects. Excluded members are read first, then
 * included ones, then the condition decides about everybody else.
 *
 * Place on the path: called by the set for each changed segment. Lists hold
 * text, so the attribute compares by its native text.
 */
import { compileAttribute } from '../attribute-path.ts';
import { nativeText } from '../hash/native-text.ts';
import { LIMITS } from '../limits.ts';
import type { SegmentDefinition } from '../model.ts';
import { type Problem, ProblemList } from '../problem.ts';
import type { CompiledSegment, ConditionTest } from '../walk.ts';
import { compileCondition } from './condition.ts';
import type { OwnCompile } from './flag.ts';
import { Scope } from './scope.ts';

/** One segment; the extra lists hold the members of its parts, already resolved. */
export interface SegmentUnit {
  readonly key: string;
  readonly segment: SegmentDefinition;
  readonly extraIncluded?: readonly (readonly string[])[];
  readonly extraExcluded?: readonly (readonly string[])[];
}

export function compileSegment(unit: SegmentUnit): OwnCompile<CompiledSegment> {
  const problems: Problem[] = [];
  const scope = new Scope(unit.key, new ProblemList('segment', unit.key, problems));
  const { segment } = unit;
  const read = compileAttribute(segment.attribute ?? '', 'attribute', scope.problems);
  const excluded = members(segment.excluded, unit.extraExcluded, 'excluded', scope);
  const included = members(segment.included, unit.extraIncluded, 'included', scope);
  const condition: ConditionTest =
    segment.condition === undefined ? () => false : compileCondition(segment.condition, 'condition', scope);
  scope.checkSteps();
  const contains: ConditionTest = (walk) => {
    const value = read(walk.context);
    const text = value === undefined ? undefined : nativeText(value);
    if (text !== undefined) {
      if (excluded.has(text)) return listed(walk, 'excluded', text, false);
      if (included.has(text)) return listed(walk, 'included', text, true);
    }
    return condition(walk);
  };
  return {
    compiled: problems.length > 0 ? undefined : { key: unit.key, contains },
    problems,
    references: scope.references,
    steps: scope.steps,
  };
}

function listed(walk: Parameters<ConditionTest>[0], list: string, text: string, matched: boolean): boolean {
  const step = walk.trace?.leaf('condition', list, matched, `The subject is listed in ${list}.`);
  if (step !== undefined) step.actual = text;
  return matched;
}

function members(
  own: readonly string[] | undefined,
  extra: readonly (readonly string[])[] | undefined,
  path: string,
  scope: Scope,
): ReadonlySet<string> {
  const lists = [own ?? [], ...(extra ?? [])];
  const size = lists.reduce((sum, list) => sum + list.length, 0);
  scope.problems.limit(path, 'Members', size, LIMITS.segmentMembers);
  const texts = new Set<string>();
  if (size > LIMITS.segmentMembers) return texts;
  lists.forEach((list) => {
    for (const member of list) {
      if (typeof member !== 'string') scope.problems.add('BAD_OPERAND', path, 'A member must be a string.');
      else if (member.length > LIMITS.operandChars) {
        scope.problems.limit(path, 'Characters of a member', member.length, LIMITS.operandChars);
      } else texts.add(member);
    }
  });
  return texts;
}
