// A child process that measures when it is asked: what is measured gets a heap, and compiled code, of its own.

import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';
import process from 'node:process';
import { hold } from '../support/resources.ts';

export type Reply = { readonly answer: unknown } | { readonly error: string };

export class BenchChild {
  readonly #what: string;
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;
  readonly #forget: () => void;

  /** `program` is an entry of main.ts; it calls answerQuestions. */
  constructor(program: string, words: readonly string[], nodeFlags: readonly string[] = []) {
    this.#what = [program, ...words].join(' ');
    const file = path.join(import.meta.dirname, `${program}.js`);
    const child = spawn(process.execPath, [...nodeFlags, '--enable-source-maps', file, ...words], {
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
