// What is evaluated in process: one flag of each form over all subjects, and many flags at random. All live in
// one process, as in a server whose flags are of every form: no call site of the engine sees one form alone.

import { type CompiledSet, compileSet, type FlagUnit, type SegmentUnit } from '@flagstream/engine';
import { type Case, countOn, type UncountedCase } from '../case.ts';
import {
  CHAIN_LENGTH,
  CONTEXTS,
  CONTEXTS_COUNT,
  JSON_LOGIC,
  MEMBERS,
  manyFlags,
  ONE_RULE,
  PLAIN,
  PREREQUISITE_CHAIN,
  REGEX,
  RULE_AND_SPLIT,
  SEGMENT_FLAG,
  SEGMENT_MEMBERS,
  SPLIT,
  TWENTY_RULES,
} from './flag-sets.ts';

/** Windows of no flag here: any instant gives the same answers. */
const NOW_MS = 1_700_000_000_000;
/** Order in which many flags are asked for: long enough that caches cannot learn it. */
export const RANDOM_ORDER_LENGTH = 16_384;

const FEWER_FLAGS_COUNT = 1_000;
export const MANY_FLAGS_COUNT = 10_000;

/** Names that the aims are about. */
export const RULE_AND_SPLIT_CASE = 'one rule, then a 50 % split';
export const MANY_FLAGS_CASE: string = `${group(MANY_FLAGS_COUNT)} flags at random, three rules each`;

const IN_NL = CONTEXTS.filter(({ country }) => country === 'NL').length;
const IN_LIST = CONTEXTS.filter(({ country }) => country !== 'US').length;
const ENDING_IN_SEVEN = CONTEXTS.filter((_, index) => index % 10 === 7).length;

/** Opens a case, by its name. */
export const EVALUATION_CASES: Readonly<Record<string, () => Promise<Case>>> = Object.fromEntries(
  [
    oneFlag('plain boolean', [PLAIN], CONTEXTS_COUNT),
    oneFlag('one rule', [ONE_RULE], IN_NL),
    oneFlag('20 rules, the last one matches', [TWENTY_RULES], IN_NL),
    oneFlag('50 % split', [SPLIT], about(CONTEXTS_COUNT / 2)),
    oneFlag(RULE_AND_SPLIT_CASE, [RULE_AND_SPLIT], about(IN_NL / 2)),
    oneFlag(`prerequisite chain of ${CHAIN_LENGTH}`, PREREQUISITE_CHAIN, IN_NL),
    oneFlag(`segment of ${group(SEGMENT_MEMBERS)} members`, [SEGMENT_FLAG], CONTEXTS_COUNT / 2, [MEMBERS]),
    oneFlag('regex', [REGEX], ENDING_IN_SEVEN),
    oneFlag('JSONLogic: a list, then a fractional split', [JSON_LOGIC], about(IN_LIST / 2)),
    manyAtRandom(`${group(FEWER_FLAGS_COUNT)} flags at random, three rules each`, FEWER_FLAGS_COUNT),
    manyAtRandom(MANY_FLAGS_CASE, MANY_FLAGS_COUNT),
  ].map(({ name, open }) => [name, open]),
);

interface NamedCase {
  readonly name: string;
  readonly open: () => Promise<Case>;
}

function group(count: number): string {
  return count.toLocaleString('en-US');
}

/** How many of the subjects must be on: exactly, or where a hash decides, within bounds. */
type Expected = number | { readonly atLeast: number; readonly atMost: number };

function about(count: number): Expected {
  return { atLeast: count * 0.85, atMost: count * 1.15 };
}

/** The first of the flags, over all subjects. */
function oneFlag(
  name: string,
  flags: readonly FlagUnit[],
  expected: Expected,
  segments: readonly SegmentUnit[] = [],
): NamedCase {
  const open = (): Promise<Case> => {
    const set = compiled(flags, segments);
    const { key } = flags[0]!;
    const run = (index: number): boolean =>
      set.evaluate(key, CONTEXTS[index % CONTEXTS_COUNT]!, NOW_MS).value === true;
    return counted({ name, mode: 'direct', period: CONTEXTS_COUNT, run }, expected);
  };
  return { name, open };
}

/** A random one of many flags, for one subject after the other. */
function manyAtRandom(name: string, count: number): NamedCase {
  // A third by plan, an eighth of the others by country.
  const shareOn = 1 / 3 + (2 / 3) * (1 / 8);
  const open = (): Promise<Case> => {
    const set = compiled(manyFlags(count), []);
    const keys = randomKeys(count);
    const run = (index: number): boolean =>
      set.evaluate(keys[index % RANDOM_ORDER_LENGTH]!, CONTEXTS[index % CONTEXTS_COUNT]!, NOW_MS).value ===
      true;
    const expected = about(RANDOM_ORDER_LENGTH * shareOn);
    return counted({ name, mode: 'direct', period: RANDOM_ORDER_LENGTH, run }, expected);
  };
  return { name, open };
}

async function counted(one: UncountedCase, expected: Expected): Promise<Case> {
  const onPerPeriod = await countOn(one);
  const { atLeast, atMost } =
    typeof expected === 'number' ? { atLeast: expected, atMost: expected } : expected;
  if (onPerPeriod < atLeast || onPerPeriod > atMost)
    throw new Error(`${one.name}: ${onPerPeriod} answers are on, not ${atLeast} to ${atMost}`);
  return { ...one, onPerPeriod };
}

function compiled(flags: readonly FlagUnit[], segments: readonly SegmentUnit[]): CompiledSet {
  const { set, problems } = compileSet(flags, segments);
  if (problems.length > 0) throw new Error(`the flags do not compile: ${problems[0]!.message}`);
  return set;
}

/** The same order in every run: xorshift with a fixed seed. */
export function randomKeys(count: number): readonly string[] {
  let state = 0x9e3779b9;
  return Array.from({ length: RANDOM_ORDER_LENGTH }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return `flag-${(state >>> 0) % count}`;
  });
}
