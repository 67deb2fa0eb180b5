/** A tally as text. */
import type { Tally } from './tally.ts';

export function formatTally(tally: Tally, clockMs: number): string {
  const { seeds, events, fewestEvents, fewestFaults, commits, cpuMs, faults, found } = tally;
  const injected = Object.entries(faults).sort(([, a], [, b]) => b - a);
  const lines = [
    `${seeds} seeds, ${found.length} violations`,
    `  ${Math.round(events / seeds)} events a seed (fewest ${fewestEvents}), ${(commits / seeds).toFixed(1)} revisions, fewest faults ${fewestFaults}`,
    `  ${(cpuMs / seeds).toFixed(1)} ms of CPU a seed, ${((seeds * 1000) / clockMs).toFixed(1)} seeds a second`,
    'faults injected:',
    ...injected.map(([name, times]) => `  ${String(times).padStart(7)}  ${name}`),
  ];
  return `${lines.join('\n')}\n`;
}
