/** A terminal whose output can be read, for tests. */
import { PassThrough } from 'node:stream';
import { CliSession } from './cli-session.ts';
import { Terminal } from './terminal.ts';

export interface MemoryTerminal {
  readonly terminal: Terminal;
  readonly session: CliSession;
  stdout(): string;
  stderr(): string;
}

/** `columns` makes stdout and stderr terminals of that width. */
export function memoryTerminal(
  options: { readonly columns?: number; readonly env?: Readonly<Record<string, string>> } = {},
): MemoryTerminal {
  const { columns, env = {} } = options;
  const texts = { stdout: '', stderr: '' };
  const stream = (name: keyof typeof texts): NodeJS.WritableStream & { isTTY: boolean; columns?: number } => {
    const pass = new PassThrough();
    pass.on('data', (chunk: Buffer) => {
      texts[name] += chunk.toString();
    });
    return Object.assign(pass, {
      isTTY: columns !== undefined,
      ...(columns === undefined ? {} : { columns }),
    });
  };
  const stdin = new PassThrough();
  const terminal = new Terminal({ stdin, stdout: stream('stdout'), stderr: stream('stderr'), env });
  return {
    terminal,
    session: new CliSession({ terminal, env, takeOverSignals: () => undefined }),
    stdout: () => texts.stdout,
    stderr: () => texts.stderr,
  };
}
