/**
 * Where a command reads and writes. Data goes to stdout, everything else to
 * stderr, so that output can be piped. Injected: tests read what was written.
 */
import { once } from 'node:events';
import { createInterface } from 'node:readline/promises';
import { styleText } from 'node:util';

export interface OutputStream extends NodeJS.WritableStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
}

export interface InputStream extends NodeJS.ReadableStream {
  readonly isTTY?: boolean;
}

export interface TerminalStreams {
  readonly stdin: InputStream;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export type Style = Parameters<typeof styleText>[0];

/** Whether a stream takes colours is decided here, for the stream that is written to. */
const STYLE_ALWAYS = { validateStream: false };

export class Terminal {
  readonly #streams: TerminalStreams;

  constructor(streams: TerminalStreams) {
    this.#streams = streams;
  }

  /** A person reads stdout: columns are aligned and coloured. */
  get interactive(): boolean {
    return this.#streams.stdout.isTTY === true;
  }

  /** A person can be asked. */
  get canAsk(): boolean {
    return this.#streams.stdin.isTTY === true && this.#streams.stderr.isTTY === true;
  }

  /** Characters of a line, where a person reads. */
  get columns(): number {
    return this.#streams.stdout.columns ?? 80;
  }

  get stdin(): InputStream {
    return this.#streams.stdin;
  }

  get stderr(): OutputStream {
    return this.#streams.stderr;
  }

  /** Data, to stdout. */
  print(line: string): void {
    this.#streams.stdout.write(`${line}\n`);
  }

  /** In place of what stands in the last line of stdout, which stays open; for where a person reads it. */
  redraw(text: string): void {
    this.#streams.stdout.write(`\r\u001b[K${text}`);
  }

  /** Much data, to stdout as it is: settles when the reader has room for more. */
  async write(text: string): Promise<void> {
    const { stdout } = this.#streams;
    if (!stdout.write(text)) await once(stdout, 'drain');
  }

  /** Anything that is not the answer, to stderr. */
  note(line: string): void {
    this.#streams.stderr.write(`${line}\n`);
  }

  /** Coloured for stdout where a person reads it and NO_COLOR does not forbid. */
  paint(style: Style, text: string): string {
    return this.#colours(this.#streams.stdout) ? styleText(style, text, STYLE_ALWAYS) : text;
  }

  /** Coloured for stderr. */
  paintNote(style: Style, text: string): string {
    return this.#colours(this.#streams.stderr) ? styleText(style, text, STYLE_ALWAYS) : text;
  }

  /** Asks on stderr; anything but y or yes is no. */
  async confirm(question: string): Promise<boolean> {
    const reader = createInterface({ input: this.#streams.stdin, output: this.#streams.stderr });
    try {
      const answer = await reader.question(`${question} [y/N] `);
      return /^y(es)?$/i.test(answer.trim());
    } finally {
      reader.close();
    }
  }

  #colours(stream: OutputStream): boolean {
    const { env } = this.#streams;
    return stream.isTTY === true && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb';
  }
}
