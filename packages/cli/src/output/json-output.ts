/** JSON for programs: proto JSON, one document, or one line for each event of a stream. */
import type { Terminal } from '../terminal.ts';

export type OutputFormat = 'table' | 'json';

export function printJson(terminal: Terminal, value: unknown): void {
  terminal.print(JSON.stringify(value, null, 2));
}

export function printJsonLine(terminal: Terminal, value: unknown): void {
  terminal.print(JSON.stringify(value));
}
