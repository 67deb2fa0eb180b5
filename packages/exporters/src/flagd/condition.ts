/**
 * Conditions as JSONLogic: true or false, never an error. Segments are written out where they are tested.
 */
import {
  type ConditionDefinition,
  gatePrefixes,
  type MissingSegmentPolicy,
  type PrerequisiteDefinition,
  type SegmentUnit,
} from '@flagstream/engine';
import { attributeOf, isListed } from './attribute.ts';
import { comparisonLogic } from './comparison.ts';
import { and, branches, type Logic, not, or } from './expression.ts';
import { foreignLogic } from './foreign-logic.ts';
import { matchLogic } from './gate.ts';
import { Withheld } from './withheld.ts';

/** What a condition refers to, and what it is counted against. */
export interface Surroundings {
  segment(key: string): SegmentUnit | undefined;
  /** Whether a prerequisite holds. @throws Withheld */
  prerequisite(definition: PrerequisiteDefinition): Logic;
  /** Counts what is written out again. @throws Withheld */
  inlined(logic: Logic): Logic;
}

/** Where a condition stands: gates without a seed of their own are seeded by it. */
export interface ConditionSite {
  /** Of the flag or segment. */
  readonly key: string;
  readonly dialect: string | undefined;
  readonly surroundings: Surroundings;
}

/** @throws Withheld */
export function conditionLogic(condition: ConditionDefinition, site: ConditionSite): Logic {
  const { all, any, compare, segment, prerequisite, gate, jsonLogic } = condition;
  const inner = (one: ConditionDefinition): Logic => conditionLogic(one, site);
  if (all !== undefined) return and(...(all.conditions ?? []).map(inner));
  if (any !== undefined) return or(...(any.conditions ?? []).map(inner));
  if (condition.not !== undefined) return not(inner(condition.not));
  if (compare !== undefined) return comparisonLogic(compare);
  if (segment !== undefined) return segmentLogic(segment, condition.missingSegment, site);
  if (prerequisite !== undefined) return site.surroundings.prerequisite(prerequisite);
  if (gate !== undefined) return matchLogic(gate, gatePrefixes(site.key).condition);
  // Its truth is what counts, in every place.
  return { '!!': [foreignLogic(jsonLogic ?? null, site.dialect)] };
}

function segmentLogic(
  key: string,
  missing: MissingSegmentPolicy | undefined,
  { surroundings }: ConditionSite,
): Logic {
  const unit = surroundings.segment(key);
  if (unit !== undefined) return surroundings.inlined(membershipLogic(unit, surroundings));
  if (missing === 'MISSING_SEGMENT_POLICY_ERROR')
    throw new Withheld('missing-entity', `the segment "${key}" is not there, which is an error`);
  return false;
}

function membershipLogic(
  { key, segment, extraIncluded, extraExcluded }: SegmentUnit,
  surroundings: Surroundings,
): Logic {
  const members = (own: readonly string[] = [], extra: readonly (readonly string[])[] = []): string[] => [
    ...new Set([...own, ...extra.flat()]),
  ];
  const attribute = attributeOf(segment.attribute, segment.contextKind);
  const included = [isListed(attribute, members(segment.included, extraIncluded)), true] as const;
  const excluded = [isListed(attribute, members(segment.excluded, extraExcluded)), false] as const;
  const lists = segment.includedFirst ? [included, excluded] : [excluded, included];
  const others = segment.condition
    ? conditionLogic(segment.condition, { key, dialect: '', surroundings })
    : false;
  return branches(lists, others);
}
