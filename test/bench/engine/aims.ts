// What the engine should reach, beside what it did.

import { aimsReport, atLeast, atMost } from '../aims.ts';
import type { CaseFigures } from '../measure-cases.ts';
import { FLAGD_CORE, LAUNCHDARKLY, UNLEASH } from '../peers/all-peers.ts';
import type { PeerFigures } from '../peers/peer-tables.ts';
import type { SuiteReport } from '../report.ts';
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
  return aimsReport(
    'aims',
    'Aims',
    rows,
    'Times of evaluations by the p25, where a noisy machine moves least; multiples of other SDKs by the median over the rounds; edits by the median.',
  );
}

function p25(figures: CaseFigures): number | undefined {
  return 'notRun' in figures ? undefined : spread(figures.cpuNs).p25;
}

function bytes(figures: CaseFigures): number | undefined {
  return 'notRun' in figures ? undefined : figures.bytes;
}
