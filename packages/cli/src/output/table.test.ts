import { describe, expect, it } from 'vitest';
import { memoryTerminal } from '../memory-terminal.fixture.ts';
import { displayWidth, truncate } from './display-width.ts';
import { type Column, printTable } from './table.ts';

interface Row {
  readonly key: string;
  readonly text: string;
}

const COLUMNS: readonly Column<Row>[] = [
  { title: 'KEY', value: ({ key }) => key },
  { title: 'TEXT', value: ({ text }) => text },
];
const ROWS: readonly Row[] = [
  { key: 'a', text: 'plain' },
  { key: '漢字', text: 'with\ttab and\nline' },
  { key: 'long-key', text: 'a text that is longer than the terminal is wide' },
];

describe('printTable', () => {
  it('aligns columns on a terminal and cuts the last one', () => {
    const { terminal, stdout } = memoryTerminal({ columns: 30, env: { NO_COLOR: '1' } });
    printTable(terminal, ROWS, COLUMNS);
    expect(stdout()).toBe(
      `KEY       TEXT
a         plain
漢字      with tab and line
long-key  a text that is long…
`,
    );
  });

  it('separates by tabs in a pipe, without headline and colours', () => {
    const { terminal, stdout } = memoryTerminal();
    printTable(terminal, ROWS, COLUMNS);
    expect(stdout()).toBe(
      'a\tplain\n漢字\twith tab and line\nlong-key\ta text that is longer than the terminal is wide\n',
    );
  });

  it('colours the headline where it may', () => {
    const coloured = memoryTerminal({ columns: 80 });
    printTable(coloured.terminal, [], COLUMNS);
    expect(coloured.stdout()).toBe('\u001b[1mKEY  TEXT\u001b[22m\n');
  });

  it('lets no control sequence of a flag through', () => {
    const { terminal, stdout } = memoryTerminal();
    printTable(terminal, [{ key: 'x', text: '\u001b[31mred' }], COLUMNS);
    expect(stdout()).toBe('x\t[31mred\n');
  });
});

describe('displayWidth', () => {
  it.each([
    ['abc', 3],
    ['漢字', 4],
    ['e\u0301', 1],
    ['👩‍🚀', 2],
    ['', 0],
  ])('%j takes %i', (text, width) => {
    expect(displayWidth(text)).toBe(width);
  });

  it('truncates by columns', () => {
    expect(truncate('漢字漢字', 5)).toBe('漢字…');
    expect(truncate('abc', 3)).toBe('abc');
  });
});
