/**
 * A segment: a named set of subjects. Excluded members are read first, then
 * included ones, unless it says otherwise; then the condition decides about
 * everybody else.
 *
 * Place on the path: called by the set for each changed segment. Lists hold
 * text, so the attribute compares by its native text.
 */
import type { AttributePath } from '../attribute-path.ts';
import { nativeText } from '../hash/native-text.ts';
import { findDialect } from '../json-logic/dialects.ts';
import { LIMITS } from '../limits.ts';
import type { SegmentDefinition } from '../model.ts';
import { type Problem, ProblemList } from '../problem.ts';
import type { CompiledSegment, Condition, Walk } from '../walk.ts';
import { compileCondition } from './condition.ts';
import { NEVER } from './fixed-condition.ts';
import type { OwnCompile } from './flag.ts';
import type { PartPool } from './part-pool.ts';
import type { Schedule } from './schedule.ts';
import { Scope } from './scope.ts';

/** One segment; the extra lists hold the members of its parts, already resolved. */
export interface SegmentUnit {
  readonly key: string;
  readonly segment: SegmentDefinition;
  readonly extraIncluded?: readonly (readonly string[])[];
  readonly extraExcluded?: readonly (readonly string[])[];
}

class Segment implements CompiledSegment {
  readonly key: string;
  readonly steps: number;
  readonly schedule: Schedule | undefined;
  readonly #attribute: AttributePath;
  readonly #excluded: ReadonlySet<string>;
  readonly #included: ReadonlySet<string>;
  readonly #includedFirst: boolean;
  readonly #condition: Condition;

  constructor(
    key: string,
    steps: number,
    schedule: Schedule | undefined,
    attribute: AttributePath,
    lists: {
      readonly excluded: ReadonlySet<string>;
      readonly included: ReadonlySet<string>;
      readonly includedFirst: boolean;
    },
    condition: Condition,
  ) {
    this.key = key;
    this.steps = steps;
    this.schedule = schedule;
    this.#attribute = attribute;
    this.#excluded = lists.excluded;
    this.#included = lists.included;
    this.#includedFirst = lists.includedFirst;
    this.#condition = condition;
  }

  contains(walk: Walk): boolean {
    const value = this.#attribute.read(walk.context);
    const text = value === undefined ? undefined : nativeText(value);
    if (text !== undefined) {
      const included = this.#included.has(text);
      if (included && this.#includedFirst) return listed(walk, 'included', text, true);
      if (this.#excluded.has(text)) return listed(walk, 'excluded', text, false);
      if (included) return listed(walk, 'included', text, true);
    }
    walk.trace?.at('condition');
    return this.#condition.holds(walk);
  }
}

function listed(walk: Walk, list: string, text: string, matched: boolean): boolean {
  const step = walk.trace?.leaf('condition', list, matched, `The subject is listed in ${list}.`);
  if (step !== undefined) step.actual = text;
  return matched;
}

export function compileSegment(unit: SegmentUnit, pool: PartPool): OwnCompile<CompiledSegment> {
  const problems: Problem[] = [];
  const own = new ProblemList('segment', unit.key, problems);
  const scope = new Scope(unit.key, own, pool, findDialect('', '', own));
  const { segment } = unit;
  const attribute = scope.attribute(segment.attribute ?? '', 'attribute', segment.contextKind);
  const excluded = members(segment.excluded, unit.extraExcluded, 'excluded', scope);
  const included = members(segment.included, unit.extraIncluded, 'included', scope);
  const condition = segment.condition ? compileCondition(segment.condition, 'condition', scope) : NEVER;
  scope.checkSteps();
  const schedule = scope.schedule.isEmpty ? undefined : scope.schedule;
  const lists = { excluded, included, includedFirst: segment.includedFirst ?? false };
  const compiled = new Segment(unit.key, scope.steps, schedule, attribute, lists, condition);
  return {
    compiled: problems.length > 0 ? undefined : compiled,
    problems,
    references: scope.references,
    steps: scope.steps,
  };
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
