/**
 * Rows for people and for programs: aligned columns without borders on a
 * terminal, tab-separated without a headline in a pipe.
 */
import type { Terminal } from '../terminal.ts';
import { displayWidth, truncate } from './display-width.ts';

export interface Column<Row> {
  readonly title: string;
  readonly value: (row: Row) => string;
}

const GAP = 2;
/** A cell is never cut below this, however narrow the terminal. */
const LAST_COLUMN_MIN = 12;

/** Prints nothing but the headline for an empty list on a terminal, and nothing at all in a pipe. */
export function printTable<Row>(
  terminal: Terminal,
  rows: readonly Row[],
  columns: readonly Column<Row>[],
): void {
  const cells = rows.map((row) => columns.map((column) => oneLine(column.value(row))));
  if (!terminal.interactive) {
    for (const line of cells) terminal.print(line.join('\t'));
    return;
  }
  const titles = columns.map((column) => column.title);
  const widths = titles.map((title, i) =>
    Math.max(displayWidth(title), ...cells.map((line) => displayWidth(line[i]!))),
  );
  const before = widths.slice(0, -1).reduce((sum, width) => sum + width + GAP, 0);
  const last = Math.max(LAST_COLUMN_MIN, terminal.columns - before);
  const format = (line: readonly string[]): string =>
    line
      .map((cell, i) =>
        i === line.length - 1
          ? truncate(cell, last)
          : cell + ' '.repeat(widths[i]! - displayWidth(cell) + GAP),
      )
      .join('')
      .trimEnd();
  terminal.print(terminal.paint('bold', format(titles)));
  for (const line of cells) terminal.print(format(line));
}

/** A cell is one line and holds no tab; control characters must not reach the terminal. */
export function oneLine(text: string): string {
  return text.replace(/\p{Cc}+/gu, ' ').trim();
}
