/**
 * Readable log lines for a person at a terminal: time, level, service,
 * message, then the other fields as key=value, and a stack below.
 */
import { styleText } from 'node:util';
import type { DestinationStream } from 'pino';

type Style = Parameters<typeof styleText>[0];

const LEVEL_STYLES: Readonly<Record<string, Style>> = {
  fatal: 'red',
  error: 'red',
  warn: 'yellow',
  info: 'green',
  debug: 'blue',
  trace: 'gray',
};

/** Said on each line by every process; noise for one person. */
const HIDDEN_FIELDS: ReadonlySet<string> = new Set([
  'level',
  'time',
  'msg',
  'service',
  'version',
  'node_id',
  'err',
]);

/** Rewrites each JSON line; a line that is not JSON passes as it is. */
export function prettyStream(out: DestinationStream): DestinationStream {
  return { write: (line: string) => out.write(prettyLine(line)) };
}

function prettyLine(line: string): string {
  let fields: unknown;
  try {
    fields = JSON.parse(line);
  } catch {
    return line;
  }
  if (typeof fields !== 'object' || fields === null) return line;
  const record = fields as Readonly<Record<string, unknown>>;
  const level = String(record['level'] ?? '');
  const parts = [
    styleText('gray', String(record['time'] ?? '').slice(11, 23)),
    styleText(LEVEL_STYLES[level] ?? 'white', level.padEnd(5)),
    styleText('cyan', String(record['service'] ?? '')),
    String(record['msg'] ?? ''),
    ...Object.entries(record)
      .filter(([name]) => !HIDDEN_FIELDS.has(name))
      .map(([name, value]) => styleText('gray', `${name}=${printed(value)}`)),
  ];
  return `${parts.join(' ')}\n${errorText(record['err'])}`;
}

function printed(value: unknown): string {
  return typeof value === 'string' && /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value);
}

function errorText(err: unknown): string {
  if (typeof err !== 'object' || err === null) return '';
  const { stack, message } = err as { readonly stack?: unknown; readonly message?: unknown };
  return `  ${String(stack ?? message ?? '').replaceAll('\n', '\n  ')}\n`;
}
