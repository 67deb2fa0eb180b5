// What the engine should reach, beside what it did.

import type { CaseFigures } from '../measure-cases.ts';
import { FLAGD_CORE, LAUNCHDARKLY, UNLEASH } from '../peers/all-peers.ts';
import type { PeerFigures } from '../peers/peer-tables.ts';
import type { Row, SuiteReport } from '../report.ts';
import { spread } from '../statistics.ts';
import type { CompileCosts, EditCosts } from './compile-costs.ts';

export interface AimFigures {
  readonly ruleAndSplit: CaseFigures;
  readonly manyFlags: CaseFigures;
  readonly compile: CompileCosts;
  readonly edit: EditCosts;
  readonly peers: PeerFigures;
}

export function aimsTable({ ruleAndSplit, manyFlags, compile, edit, peers }: AimFigures): SuiteReport {
  const rows = [
    atMost('one rule, then a split: ns CPU, p25', 120, p25(ruleAndSplit)),
    atMost('one rule, then a split: bytes allocated', 64, bytes(ruleAndSplit)),
    atLeast('the same flag: times faster than flagd-core', 6, peers.oneFlag[FLAGD_CORE]),
    atLeast('the same flag: times faster than Unleash', 25, peers.oneFlag[UNLEASH]),
    atLeast('the same flag: times faster than LaunchDarkly', 25, peers.oneFlag[LAUNCHDARKLY]),
    atMost('10,000 flags at random: ns CPU, p25', 800, p25(manyFlags)),
    atLeast('10,000 flags at random: times faster than flagd-core', 5, peers.manyFlags[FLAGD_CORE]),
    atMost('bytes per compiled flag', 1_200, compile.bytesPerFlag),
    atMost('one edit among 10,000 flags: ms, median', 1, edit.medianMs),
  ];
  return {
    name: 'aims',
    title: 'Aims',
    notes: [
      'Times of evaluations by the p25, where a noisy machine moves least; multiples of other SDKs by the median over the rounds; edits by the median.',
    ],
    columns: [
      { key: 'aim', title: 'aim' },
      { key: 'wanted', title: 'wanted' },
      { key: 'measured', title: 'measured', digits: 1 },
      { key: 'verdict', title: '' },
    ],
    rows,
  };
}

function p25(figures: CaseFigures): number | undefined {
  return 'notRun' in figures ? undefined : spread(figures.cpuNs).p25;
}

function bytes(figures: CaseFigures): number | undefined {
  return 'notRun' in figures ? undefined : figures.bytes;
}

function atMost(aim: string, bound: number, measured: number | undefined): Row {
  return row(aim, `<= ${bound.toLocaleString('en-US')}`, measured, (value) => value <= bound);
}

function atLeast(aim: string, bound: number, measured: number | undefined): Row {
  return row(aim, `>= ${bound.toLocaleString('en-US')}`, measured, (value) => value >= bound);
}

function row(
  aim: string,
  wanted: string,
  measured: number | undefined,
  isMet: (value: number) => boolean,
): Row {
  if (measured === undefined) return { aim, wanted, verdict: 'not run' };
  return { aim, wanted, measured, verdict: isMet(measured) ? 'met' : 'not met' };
}
