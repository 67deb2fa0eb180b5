/** A tally as text. */
import { coverageOf } from '../coverage/coverage.ts';
import { unreached } from '../coverage/reachable.ts';
import type { Tally } from './tally.ts';

export function formatTally(tally: Tally, clockMs: number): string {
  const { seeds, events, fewestEvents, fewestFaults, commits, cpuMs, faults, found, transitions } = tally;
  const injected = Object.entries(faults).sort(([, a], [, b]) => b - a);
  const { reached, reachable, missing, unforeseen } = coverageOf(transitions);
  const lines = [
    `${seeds} seeds, ${found.length} violations`,
    `  ${Math.round(events / seeds)} events a seed (fewest ${fewestEvents}), ${(commits / seeds).toFixed(1)} revisions, fewest faults ${fewestFaults}`,
    `  ${(cpuMs / seeds).toFixed(1)} ms of CPU a seed, ${((seeds * 1000) / clockMs).toFixed(1)} seeds a second`,
    'faults injected:',
    ...injected.map(([name, times]) => `  ${String(times).padStart(7)}  ${name}`),
    `transitions reached: ${reached} of ${reachable} (${((100 * reached) / reachable).toFixed(1)} %)`,
    ...missing.map((key) => `  not reached: ${key}`),
    ...unforeseen.map((key) => `  NOT FORESEEN: ${key}`),
    `transitions that the simulation cannot reach: ${unreached().size}, by reason`,
    ...byReason().map(([why, count]) => `  ${String(count).padStart(7)}  ${why}`),
  ];
  return `${lines.join('\n')}\n`;
}

function byReason(): readonly (readonly [why: string, count: number])[] {
  const counts = new Map<string, number>();
  for (const why of unreached().values()) counts.set(why, (counts.get(why) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a);
}
