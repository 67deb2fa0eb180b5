// The failure table with what each row came to, in Markdown. Pure.

import type { Figures } from './figures.ts';

export type TableLine =
  | { readonly row: string; readonly sentence: string; readonly figures: Figures }
  | { readonly row: string; readonly sentence: string; readonly failure: string };

export interface TableFacts {
  readonly natsVersion: string;
  readonly node: string;
  readonly cores: number;
  readonly date: string;
}

const HEAD = [
  '| Row | Failure, and what holds | Acknowledged | Lost | Divergence | Evaluations | Failed | Converged, ms |',
  '| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |',
];

export function formatTable(lines: readonly TableLine[], facts: TableFacts): string {
  const figures = lines.flatMap((line) => ('figures' in line ? [line.figures] : []));
  const sum = (of: (figures: Figures) => number): string =>
    count(figures.reduce((total, one) => total + of(one), 0));
  return [
    '# Fault matrix',
    '',
    `\`make faults\`, ${facts.date}, nats-server ${facts.natsVersion}, Node ${facts.node}, ${facts.cores} cores.`,
    '"Lost" are acknowledged writes that are not in the log, or not where the answer said. "Divergence" are breaches',
    'of the other rules of the history checker, and alarms of evaluators whose log differed (but for row 17, which makes',
    'two logs and demands the alarm). "Converged" is the time from the end of the fault (the network is whole, NATS is',
    'there again, a process is being started again) until every evaluator had a write that began at that moment; the',
    'longest, where a row has several faults.',
    '',
    ...HEAD,
    ...lines.map(formatLine),
    '',
    `Together: ${sum((one) => one.operations)} operations checked, ${sum((one) => one.acknowledged)} writes acknowledged, ` +
      `${sum((one) => one.lost)} lost, ${sum((one) => one.diverged)} divergences, ` +
      `${sum((one) => one.evaluations)} evaluations, ${sum((one) => one.evaluationErrors)} failed.`,
    '',
  ].join('\n');
}

function formatLine(line: TableLine): string {
  if ('failure' in line)
    return `| ${line.row} | ${line.sentence} | not finished: ${line.failure} | | | | | |`;
  const { acknowledged, lost, diverged, evaluations, evaluationErrors, convergeMs } = line.figures;
  const numbers = [acknowledged, lost, diverged, evaluations, evaluationErrors].map(count);
  return `| ${line.row} | ${line.sentence} | ${numbers.join(' | ')} | ${count(Math.round(convergeMs))} |`;
}

function count(value: number): string {
  return value.toLocaleString('en');
}
