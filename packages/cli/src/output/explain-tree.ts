/** An explanation as an indented tree: every step, whether it held, what was asked and what was there. */
import type { ExplanationStep } from '@flagstream/protocol/gen/flagstream/v1/evaluation';
import type { Terminal } from '../terminal.ts';
import { oneLine } from './table.ts';

const INDENT = '  ';

export function explainLines(terminal: Terminal, steps: readonly ExplanationStep[]): string[] {
  return steps.map((step) => {
    const mark = step.matched ? terminal.paint('green', '✓') : terminal.paint('red', '✗');
    const path = step.path === '' ? '' : ` ${terminal.paint('dim', step.path)}`;
    return `${INDENT.repeat(step.depth)}${mark} ${step.kind}${path}: ${oneLine(step.message)}${values(step)}`;
  });
}

function values({ expected, actual }: ExplanationStep): string {
  const parts = [
    ...(expected === undefined ? [] : [`expected ${JSON.stringify(expected)}`]),
    ...(actual === undefined ? [] : [`actual ${JSON.stringify(actual)}`]),
  ];
  return parts.length === 0 ? '' : ` (${parts.join(', ')})`;
}
