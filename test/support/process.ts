// Real child processes of one test file: started, observed through what they print, killed, cleaned up.

import { type ChildProcess, spawn } from 'node:child_process';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { isRecording, record } from './recording.ts';
import { hold } from './resources.ts';
import { until } from './until.ts';

/** Ports that a test does not name are nobody else's. */
const FREE_PORTS = { FLAGSTREAM_SYNC_PORT: '0', FLAGSTREAM_OFREP_PORT: '0' } as const;

export interface ProcessOptions {
  readonly cwd?: string;
  /** Added to this process's environment, from which every FLAGSTREAM_ and NATS_ variable is taken out. */
  readonly env?: Readonly<Record<string, string>>;
  /** It reads what `say` sends; else it has no input. */
  readonly listens?: boolean;
}

/** One line of output. `json` is there when the line is a JSON object, as every log line is. */
export interface OutputLine {
  readonly stream: 'stdout' | 'stderr';
  readonly text: string;
  readonly json: Readonly<Record<string, unknown>> | undefined;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export type LineMatcher = string | RegExp | ((line: OutputLine) => boolean);

/** Lines kept per process; a test that needs older ones is looking at too much. */
const LINES_MAX = 50_000;
const TAIL_LINES = 30;
const READY_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 30_000;
/** A paused process does not answer, and is killed all the same. */
const LAST_PAGE_TIMEOUT_MS = 1_000;

/**
 * A server's whole output is searched for secrets at the end of `make test`. Any other command's standard output is for
 * the one who typed it: `key create` shows a token there, once, and `eval --explain` the context.
 */
const SERVER = /(^|\s)(serve|dev|make run)(\s|$)/;

export class TestProcess {
  /** Settles when the process has ended and its output is read to the end. */
  readonly exited: Promise<Exit>;
  readonly #child: ChildProcess;
  readonly #name: string;
  readonly #isServer: boolean;
  readonly #lines: OutputLine[] = [];
  #managementPort: number | undefined;
  #exit: Exit | undefined;

  /** Starts `program`; `name` stands in failure messages. */
  constructor(
    name: string,
    program: string,
    programArguments: readonly string[],
    options: ProcessOptions = {},
  ) {
    this.#name = name;
    this.#isServer = programArguments.some((argument) => SERVER.test(argument));
    const child = spawn(program, programArguments, {
      stdio: [options.listens === true ? 'pipe' : 'ignore', 'pipe', 'pipe'],
      env: { ...cleanEnvironment(), ...FREE_PORTS, ...options.env },
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    });
    this.#child = child;
    // One that has ended hears nothing more; whoever waits for its answer is told so.
    child.stdin?.on('error', () => undefined);
    this.#read('stdout');
    this.#read('stderr');
    const release = hold({
      what: `${name} (pid ${child.pid})`,
      release: async () => {
        await this.#askLastPage();
        await this.kill();
      },
      releaseNow: () => child.kill('SIGKILL'),
    });
    this.exited = new Promise((resolve) => {
      child.once('error', (error) => {
        this.#keep('stderr', error.message);
        this.#exit ??= { code: null, signal: null };
        resolve(this.#exit);
      });
      child.once('close', (code, signal) => {
        this.#exit = { code, signal };
        release();
        resolve(this.#exit);
      });
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get running(): boolean {
    return this.#exit === undefined;
  }

  get lines(): readonly OutputLine[] {
    return this.#lines;
  }

  /** All of one stream so far, as text. */
  text(stream: OutputLine['stream']): string {
    return this.#lines
      .filter((line) => line.stream === stream)
      .map((line) => `${line.text}\n`)
      .join('');
  }

  /** Sends one line to a process that listens. */
  say(line: string): void {
    this.#child.stdin?.write(`${line}\n`);
  }

  /** Ends the input of a process that listens. */
  endInput(): void {
    this.#child.stdin?.end();
  }

  /** Waits for an output line (past ones count too). Fails at once when the process ends without it. */
  async waitForLine(matcher: LineMatcher, timeoutMs: number = READY_TIMEOUT_MS): Promise<OutputLine> {
    const matches = asPredicate(matcher);
    let next = 0;
    return this.#waitFor(`a line matching ${String(matcher)}`, timeoutMs, () => {
      for (; next < this.#lines.length; next++) {
        const line = this.#lines[next];
        if (line !== undefined && matches(line)) return line;
      }
      return undefined;
    });
  }

  /** Waits until /readyz on the management port answers 200. Fails at once when the process ends. */
  async waitForReady(managementPort: number, timeoutMs: number = READY_TIMEOUT_MS): Promise<void> {
    const url = `http://127.0.0.1:${managementPort}/readyz`;
    await this.#waitFor(`${url} to answer 200`, timeoutMs, async () => (await fetch(url)).ok);
    this.#managementPort = managementPort;
  }

  /** Sends a signal and waits until the process is gone. Default SIGKILL, as a crash. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<Exit> {
    this.#child.kill(signal);
    return until(() => this.#exit, {
      what: `${this.#name} to end after ${signal}`,
      timeoutMs: STOP_TIMEOUT_MS,
    });
  }

  /** The orderly end: SIGTERM. */
  stop(): Promise<Exit> {
    return this.kill('SIGTERM');
  }

  async #waitFor<T>(
    what: string,
    timeoutMs: number,
    condition: () => T | undefined | Promise<T>,
  ): Promise<T> {
    const ended = Symbol('ended');
    const answer = await until<T | typeof ended>(
      async () => {
        const found = await Promise.resolve(condition()).catch((error: unknown) => {
          if (this.#exit === undefined) throw error;
        });
        return found || (this.#exit === undefined ? undefined : ended);
      },
      { what: `${this.#name}: ${what}`, timeoutMs },
    ).catch((error: unknown) => {
      throw new Error(`${error instanceof Error ? error.message : String(error)}; ${this.#tail()}`, {
        cause: error,
      });
    });
    if (answer === ended) {
      throw new Error(`${this.#name} ended (${JSON.stringify(this.#exit)}) before ${what}; ${this.#tail()}`);
    }
    return answer as T;
  }

  /** What was measured in the whole life of a process that lived to its test file's end: recording.ts hears it. */
  async #askLastPage(): Promise<void> {
    if (this.#managementPort === undefined || !isRecording || !this.running) return;
    const url = `http://127.0.0.1:${this.#managementPort}/metrics`;
    await fetch(url, { signal: AbortSignal.timeout(LAST_PAGE_TIMEOUT_MS) })
      .then((response) => response.text())
      .catch(() => undefined);
  }

  #read(stream: OutputLine['stream']): void {
    const source = this.#child[stream];
    if (source === null) return;
    createInterface({ input: source }).on('line', (text) => this.#keep(stream, text));
  }

  #keep(stream: OutputLine['stream'], text: string): void {
    if (this.#lines.length >= LINES_MAX)
      throw new Error(`${this.#name} printed more than ${LINES_MAX} lines`);
    this.#lines.push({ stream, text, json: parseObject(text) });
    if (stream === 'stderr' || this.#isServer) record('output', `${stream} of ${this.#name}`, text);
  }

  #tail(): string {
    const tail = this.#lines.slice(-TAIL_LINES).map((line) => `  ${line.text}`);
    return `its last output:\n${tail.join('\n')}`;
  }
}

function asPredicate(matcher: LineMatcher): (line: OutputLine) => boolean {
  if (typeof matcher === 'function') return matcher;
  if (typeof matcher === 'string') return (line) => line.text.includes(matcher);
  return (line) => matcher.test(line.text);
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  if (!text.startsWith('{')) return undefined;
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    // A line for people that happens to start with a brace.
    return undefined;
  }
}

function cleanEnvironment(): NodeJS.ProcessEnv {
  const entries = Object.entries(process.env).filter(
    ([name]) => !/^(FLAGSTREAM|NATS|VITEST)_|^(NODE_OPTIONS|NODE_ENV|VITEST)$/.test(name),
  );
  return Object.fromEntries(entries);
}
