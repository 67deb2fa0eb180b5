// The results of `make load` as Markdown: verdicts first, then each scenario's figures.

import { describeMachine } from '../bench/machine.ts';
import type { ScenarioResult } from './scenario.ts';

export interface LoadRun {
  readonly command: string;
  readonly commit: string;
  readonly date: string;
  /** CPU milliseconds of a fixed loop, in the course of the run. */
  readonly calibrationMs: readonly number[];
}

const NOTES = [
  'Control plane, nats-server, evaluators and load processes are real processes on one machine, over loopback; nothing is pinned: the clients take their share of the same cores. In the steps those that follow are in processes of 500 with a lower priority (nice 10), and beside the pushes they have what others leave of the cores (SCHED_IDLE).',
  'Thin clients: the SDK’s own connector over frames of HTTP/2 that are written by hand, one TCP connection each. Each decodes every frame, checks each transfer by its digest and acknowledges when the set is in force; the sets of one process that are the same are kept once. In each load process one real SDK client evaluates by what it was sent, and its values are compared.',
  'Moments are of the machine’s monotonic clock; that of the commit is told by the control plane.',
];

export function loadMarkdown(results: readonly ScenarioResult[], run: LoadRun): string {
  const { cpu, cores, memoryGiB, node, system } = describeMachine();
  const head = [
    `# Load of ${run.date}, Node ${node}`,
    `\`${run.command}\` at ${run.commit}, on ${cores} x ${cpu}, ${memoryGiB} GiB, ${system}. A fixed loop took ` +
      `${run.calibrationMs.map((ms) => ms.toFixed(0)).join(', ')} ms of CPU in the course of the run.`,
    NOTES.map((note) => `- ${note}`).join('\n'),
    '## Verdicts',
    verdicts(results),
  ];
  return `${[...head, ...results.map(figures)].join('\n\n')}\n`;
}

function verdicts(results: readonly ScenarioResult[]): string {
  const aims = results.flatMap(({ name, aims }) =>
    aims.map(({ what, aimed, measured, met }) => row([name, what, aimed, measured, met ? 'met' : 'not met'])),
  );
  const promises = results.map(({ name, broken }) =>
    row([
      name,
      'promises: nobody goes back, nobody is missing, laggards are named rightly, values are right',
      'hold',
      broken.length === 0 ? 'hold' : broken.join('; '),
      broken.length === 0 ? 'hold' : 'BROKEN',
    ]),
  );
  return [
    row(['scenario', 'what', 'aim', 'measured', 'verdict']),
    row(Array(5).fill('---')),
    ...promises,
    ...aims,
  ].join('\n');
}

function figures({ title, figures }: ScenarioResult): string {
  const lines = figures.map(({ what, value }) => row([what, value]));
  return [`## ${title}`, [row(['', '']), row(['---', '---:']), ...lines].join('\n')].join('\n\n');
}

function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
}
