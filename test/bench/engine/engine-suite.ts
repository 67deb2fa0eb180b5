// Evaluations in process: the engine alone, on one thread, answers checked against what the flags say.

import { type CompiledSet, compileSet, type FlagUnit, type SegmentUnit } from '@flagstream/engine';
import type { SuiteReport } from '../report.ts';
import { spread } from '../statistics.ts';
import {
  CHAIN_LENGTH,
  CONTEXTS,
  CONTEXTS_COUNT,
  MEMBERS,
  manyFlags,
  PLAIN,
  PREREQUISITE_CHAIN,
  RULE_AND_SPLIT,
  SEGMENT_FLAG,
  SEGMENT_MEMBERS,
  TWENTY_RULES,
} from './flag-sets.ts';
import { type Case, measureCases } from './measure-loop.ts';

const ROUNDS = 9;
/** Windows of no flag here: any instant gives the same answers. */
const NOW_MS = 1_700_000_000_000;
/** Order in which many flags are asked for: long enough that caches cannot learn it. */
const RANDOM_ORDER_LENGTH = 65_536;

export function runEngineSuite(): SuiteReport {
  const samples = measureCases(cases(), ROUNDS);
  const rows = samples.map(({ name, cpuNs, perSecond }) => {
    const cpu = spread(cpuNs);
    return {
      name,
      medianNs: cpu.median,
      p25Ns: cpu.p25,
      minNs: cpu.min,
      millionPerSecond: spread(perSecond).median / 1e6,
    };
  });
  return {
    name: 'engine',
    title: 'Evaluations in process, one thread',
    notes: [
      `CPU time per evaluation with its whole result, over ${ROUNDS} interleaved rounds; ${CONTEXTS_COUNT} subjects with five attributes, one after the other.`,
      'Every answer of every round is counted against what the flags say.',
    ],
    columns: [
      { key: 'name', title: 'flag' },
      { key: 'medianNs', title: 'ns CPU, median' },
      { key: 'p25Ns', title: 'p25' },
      { key: 'minNs', title: 'min' },
      { key: 'millionPerSecond', title: 'million/s, median', digits: 2 },
    ],
    rows,
  };
}

function cases(): Case[] {
  const onlyInNl = CONTEXTS.filter(({ country }) => country === 'NL').length;
  const members = CONTEXTS_COUNT / 2;
  const halfOfNl = { atLeast: onlyInNl * 0.4, atMost: onlyInNl * 0.6 };
  return [
    oneFlag('plain boolean', [PLAIN], CONTEXTS_COUNT),
    oneFlag('one rule, then a 50 % split', [RULE_AND_SPLIT], halfOfNl),
    oneFlag('20 rules, the last one matches', [TWENTY_RULES], onlyInNl),
    oneFlag(`prerequisite chain of ${CHAIN_LENGTH}`, PREREQUISITE_CHAIN, onlyInNl),
    oneFlag(`segment of ${SEGMENT_MEMBERS.toLocaleString('en-US')} members`, [SEGMENT_FLAG], members, [
      MEMBERS,
    ]),
    manyAtRandom(1_000),
    manyAtRandom(10_000),
  ];
}

/** How many of the subjects must be on: exactly, or where a hash decides, within bounds. */
type Expected = number | { readonly atLeast: number; readonly atMost: number };

/** The first of the flags, over all subjects. */
function oneFlag(
  name: string,
  flags: readonly FlagUnit[],
  expected: Expected,
  segments: readonly SegmentUnit[] = [],
): Case {
  const set = compiled(flags, segments);
  const { key } = flags[0]!;
  const run = (index: number): boolean =>
    set.evaluate(key, CONTEXTS[index % CONTEXTS_COUNT]!, NOW_MS).value === true;
  const onPerPeriod = countOn(run, CONTEXTS_COUNT);
  const { atLeast, atMost } =
    typeof expected === 'number' ? { atLeast: expected, atMost: expected } : expected;
  if (onPerPeriod < atLeast || onPerPeriod > atMost)
    throw new Error(`${name}: ${onPerPeriod} of ${CONTEXTS_COUNT} subjects are on`);
  return { name, run, onPerPeriod, period: CONTEXTS_COUNT };
}

/** A random one of many flags with three rules each: a third by plan, an eighth of the others by country. */
function manyAtRandom(count: number): Case {
  const name = `${count.toLocaleString('en-US')} flags at random, three rules each`;
  const set = compiled(manyFlags(count), []);
  const keys = randomKeys(count);
  const run = (index: number): boolean =>
    set.evaluate(keys[index % RANDOM_ORDER_LENGTH]!, CONTEXTS[index % CONTEXTS_COUNT]!, NOW_MS).value ===
    true;
  const onPerPeriod = countOn(run, RANDOM_ORDER_LENGTH);
  const share = onPerPeriod / RANDOM_ORDER_LENGTH;
  const expectedShare = 1 / 3 + (2 / 3) * (1 / 8);
  if (Math.abs(share - expectedShare) > 0.03) throw new Error(`${name}: a share of ${share} is on`);
  return { name, run, onPerPeriod, period: RANDOM_ORDER_LENGTH };
}

function compiled(flags: readonly FlagUnit[], segments: readonly SegmentUnit[]): CompiledSet {
  const { set, problems } = compileSet(flags, segments);
  if (problems.length > 0) throw new Error(`the flags do not compile: ${JSON.stringify(problems[0])}`);
  return set;
}

function countOn(run: (index: number) => boolean, period: number): number {
  let on = 0;
  for (let index = 0; index < period; index++) if (run(index)) on++;
  return on;
}

/** The same order in every run: xorshift with a fixed seed. */
function randomKeys(count: number): readonly string[] {
  let state = 0x9e3779b9;
  return Array.from({ length: RANDOM_ORDER_LENGTH }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return `flag-${(state >>> 0) % count}`;
  });
}
