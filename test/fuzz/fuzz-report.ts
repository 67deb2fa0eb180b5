// What a run of the fuzzer says: how much of what was sent to whom, how it was answered, and what was found.

import type { Machine } from '../bench/machine.ts';
import { GROWTH_BYTES_MAX } from './fuzz-site.ts';
import type { FuzzFigures } from './run-fuzz.ts';

export interface FuzzReport {
  readonly date: string;
  readonly command: string;
  readonly machine: Machine;
  readonly figures: readonly FuzzFigures[];
  /** Resident MiB. */
  readonly memory: readonly { readonly name: string; readonly before: number; readonly now: number }[];
}

export function fuzzReport({ date, command, machine, figures, memory }: FuzzReport): string {
  const found = figures.flatMap(({ listener, findings }) =>
    findings.map((finding) => `- ${listener}: ${finding}`),
  );
  return `${[
    `# Fuzz of ${date}, Node ${machine.node}`,
    `\`${command}\` on ${machine.cores} x ${machine.cpu}, ${machine.memoryGiB} GiB, ${machine.system}. After each 1,000 inputs ` +
      'the processes live, their logs (level error) are empty, and a right write is answered and seen by a right evaluation.',
    table(
      ['listener', 'inputs', 'seconds', 'findings'],
      figures.map(({ listener, sent, seconds, findings }) => [
        listener,
        sent,
        Math.round(seconds),
        findings.length,
      ]),
    ),
    table(
      ['process', 'MiB before', 'MiB after', `allowed: + ${GROWTH_BYTES_MAX / 2 ** 20}`],
      memory.map(({ name, before, now }) => [name, before, now, now - before]),
    ),
    '## Found',
    found.length === 0 ? 'Nothing.' : found.join('\n'),
    '## Sent',
    table(
      ['kind', ...figures.map(({ listener }) => listener)],
      counted(figures, ({ kinds }) => kinds),
    ),
    '## Answered',
    table(
      ['answer', ...figures.map(({ listener }) => listener)],
      counted(figures, ({ answers }) => answers),
    ),
  ].join('\n\n')}\n`;
}

function counted(
  figures: readonly FuzzFigures[],
  of: (figures: FuzzFigures) => ReadonlyMap<string, number>,
): (string | number)[][] {
  const names = [...new Set(figures.flatMap((row) => [...of(row).keys()]))].sort();
  return names.map((name) => [name, ...figures.map((row) => of(row).get(name) ?? 0)]);
}

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const line = (cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
