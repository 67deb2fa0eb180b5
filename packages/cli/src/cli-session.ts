/**
 * One run of the command: its terminal, its environment and the exit code that
 * it will end with. Actions are wrapped here, so that each of them can throw
 * and none of them ends the process.
 */
import { EXIT, type ExitCode, exitCodeOf } from './exit-code.ts';
import { reportError } from './report-error.ts';
import type { Terminal } from './terminal.ts';

export class CliSession {
  readonly terminal: Terminal;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Called by commands that end on signals in their own way. */
  readonly takeOverSignals: () => void;
  #exitCode: ExitCode = EXIT.ok;

  constructor(options: {
    readonly terminal: Terminal;
    readonly env: Readonly<Record<string, string | undefined>>;
    readonly takeOverSignals: () => void;
  }) {
    this.terminal = options.terminal;
    this.env = options.env;
    this.takeOverSignals = options.takeOverSignals;
  }

  get exitCode(): ExitCode {
    return this.#exitCode;
  }

  /** A commander action out of one that may throw and answers its exit code. */
  action<A extends unknown[]>(
    run: (...args: A) => Promise<ExitCode> | Promise<void>,
  ): (...args: A) => Promise<void> {
    return async (...args) => {
      try {
        this.#exitCode = (await run(...args)) ?? EXIT.ok;
      } catch (error) {
        this.fail(error);
      }
    };
  }

  /** Says what went wrong; the exit code follows from it. */
  fail(error: unknown): void {
    reportError(this.terminal, error);
    this.#exitCode = exitCodeOf(error);
  }
}
