// Programs around packages of npm that do not fit beside ours: each is installed into a folder of its own below .cache,
// by the versions of its package.json, when a test first wants it. Where that cannot be done its tests are skipped by
// name, and counted.

import { execFileSync, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { createInterface, type Interface } from 'node:readline';
import { describe, onTestFinished } from 'vitest';

const ROOT: string = path.resolve(import.meta.dirname, '../../..');
const INSTALL_TIMEOUT_MS = 120_000;
/** The last thing that an installation makes. */
const MADE = path.join('node_modules', '.package-lock.json');

export interface NpmProgram {
  readonly describe: (name: string, body: () => void) => void;
  /** Starts it with one argument; it ends with the test. */
  start(argument: object): RunningProgram;
}

/** @param name of its folder in test/interop */
export function npmProgram(name: string): NpmProgram {
  const folder = path.join(ROOT, '.cache', 'interop', name);
  const problem = install(path.join(ROOT, 'test', 'interop', name), folder);
  return {
    describe:
      problem === undefined
        ? describe
        : (title, body) => void describe.skip(`${title} [needs packages of npm: ${problem}]`, body),
    start: (argument) => new RunningProgram(path.join(folder, 'main.mjs'), argument),
  };
}

/** Why it cannot be installed; undefined: it is. */
function install(source: string, folder: string): string | undefined {
  const manifest = path.join(folder, 'package.json');
  const wanted = readFileSync(path.join(source, 'package.json'), 'utf8');
  const isThere =
    existsSync(path.join(folder, MADE)) && existsSync(manifest) && readFileSync(manifest, 'utf8') === wanted;
  if (!isThere) rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  cpSync(source, folder, { recursive: true });
  if (isThere) return undefined;
  cpSync(path.join(ROOT, '.npmrc'), path.join(folder, '.npmrc'));
  try {
    execFileSync('npm', ['install', '--ignore-scripts', '--no-package-lock', '--no-progress'], {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'pipe'],
      timeout: INSTALL_TIMEOUT_MS,
    });
    return undefined;
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    return String((error as Error).message).split('\n')[0] ?? 'they could not be installed';
  }
}

/** A program that writes a JSON document per line. */
export class RunningProgram {
  readonly #child;
  readonly #lines: Interface;
  readonly #told: unknown[] = [];
  #errors = '';
  #wake: () => void = () => undefined;

  constructor(file: string, argument: object) {
    this.#child = spawn(process.execPath, [file, JSON.stringify(argument)], { cwd: path.dirname(file) });
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#errors += text;
    });
    this.#lines = createInterface({ input: this.#child.stdout });
    this.#lines.on('line', (line) => {
      this.#told.push(JSON.parse(line));
      this.#wake();
    });
    this.#child.once('close', () => this.#wake());
    onTestFinished(() => void this.#child.kill('SIGKILL'));
  }

  write(line: object): void {
    this.#child.stdin.write(`${JSON.stringify(line)}\n`);
  }

  /** The next line of its output. */
  async next(): Promise<unknown> {
    for (;;) {
      if (this.#told.length > 0) return this.#told.shift();
      if (this.#child.exitCode !== null) throw new Error(`the program has ended: ${this.#errors}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** The next one that holds. */
  async nextOf<T>(holds: (told: unknown) => told is T): Promise<T> {
    for (;;) {
      const told = await this.next();
      if (holds(told)) return told;
    }
  }
}
