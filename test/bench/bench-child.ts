// A child process that measures when it is asked: what is measured gets a heap, and compiled code, of its own.

import { type ChildProcess, spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { hold } from '../support/resources.ts';

export type Reply = { readonly answer: unknown } | { readonly error: string };

export class BenchChild {
  readonly #what: string;
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;
  readonly #forget: () => void;

  /**
   * @param program an entry of main.ts that calls answerQuestions
   * @param folder where its source stands, for runs that compile nothing before
   */
  constructor(
    program: string,
    words: readonly string[],
    nodeFlags: readonly string[] = [],
    folder: string = import.meta.dirname,
  ) {
    this.#what = [program, ...words].join(' ');
    const child = spawn(process.execPath, [...nodeFlags, ...programFile(program, folder), ...words], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.#child = child;
    this.#exited = new Promise((resolve) => child.once('exit', () => resolve()));
    this.#forget = hold({
      what: this.#what,
      release: () => this.close(),
      releaseNow: () => child.kill('SIGKILL'),
    });
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** One question at a time. Rejects with the child's error, or when the child ends. */
  ask<Answer>(question: object): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const child = this.#child;
      const ended = (): void => reject(new Error(`${this.#what} ended by itself`));
      child.once('exit', ended);
      child.once('message', (reply: Reply) => {
        child.off('exit', ended);
        if ('error' in reply) reject(new Error(`${this.#what}: ${reply.error}`));
        else resolve(reply.answer as Answer);
      });
      child.send(question, (error) => {
        if (error !== null) reject(error);
      });
    });
  }

  async close(): Promise<void> {
    if (this.#child.connected) this.#child.disconnect();
    await this.#exited;
    this.#forget();
  }
}

/** Compiled beside this file by main.ts; where this file itself runs from its source, so does the program. */
function programFile(program: string, folder: string): readonly string[] {
  if (!import.meta.filename.endsWith('.ts'))
    return ['--enable-source-maps', path.join(import.meta.dirname, `${program}.js`)];
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
  const isBuilt = process.env['FLAGSTREAM_TEST_BUILT'] === '1';
  return [
    ...(isBuilt ? [] : ['--conditions=source']),
    ...['--import', tsx, path.join(folder, `${program}.ts`)],
  ];
}
