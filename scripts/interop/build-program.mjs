// Builds one foreign program of test/interop into .cache/bin, where its test looks for it. What cannot be built, because
// its toolchain or its packages cannot be had, is not there, and its test is skipped by name.

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';

export const ROOT = path.resolve(import.meta.dirname, '../..');
export const CACHE = path.join(ROOT, '.cache');
const TOOLS = path.join(CACHE, 'bin');
const BUILD_TIMEOUT_MS = 300_000;
const OUTPUT_BYTES_MAX = 16 * 2 ** 20;
const run = promisify(execFile);
/** What builds leave beside the sources. */
const MADE = new Set(['gen', 'node_modules', 'Cargo.lock', '__pycache__']);

/**
 * @param {object} program
 * @param {string} program.name of its folder in test/interop, and of what it becomes in .cache/bin
 * @param {string} program.toolchain for people
 * @param {() => Iterable<{ command: string, words: string[], cwd?: string, env?: object }>} program.steps one after the other
 * @param {() => string} program.start the command line that starts it, for a shell
 */
export async function buildProgram({ name, toolchain, steps, start }) {
  const launcher = path.join(TOOLS, name);
  const stamp = path.join(CACHE, 'interop', `${name}.built`);
  const sources = hashOf([path.join(ROOT, 'test/interop', name), path.join(ROOT, 'proto/flagstream')]);
  if (existsSync(launcher) && existsSync(stamp) && readFileSync(stamp, 'utf8') === sources) return;
  process.stdout.write(`building ${name}\n`);
  rmSync(launcher, { force: true });
  try {
    for (const { command, words, cwd = ROOT, env = {} } of steps())
      await run(command, words, {
        cwd,
        env: { ...process.env, ...env },
        timeout: BUILD_TIMEOUT_MS,
        maxBuffer: OUTPUT_BYTES_MAX,
      });
  } catch (error) {
    const reason = error.code === 'ENOENT' ? `there is no ${toolchain}` : lastLines(error);
    process.stdout.write(`${name} could not be built: ${reason}\n`);
    return;
  }
  mkdirSync(TOOLS, { recursive: true });
  mkdirSync(path.dirname(stamp), { recursive: true });
  writeFileSync(launcher, `#!/bin/sh\nexec ${start()} "$@"\n`);
  chmodSync(launcher, 0o755);
  writeFileSync(stamp, sources);
}

function hashOf(folders) {
  const hash = createHash('sha256');
  for (const folder of folders)
    for (const file of filesIn(folder))
      hash
        .update(`${path.relative(ROOT, file)}\0`)
        .update(readFileSync(file))
        .update('\0');
  return hash.digest('hex');
}

function filesIn(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => !MADE.has(name))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const file = path.join(folder, entry.name);
      return entry.isDirectory() ? filesIn(file) : [file];
    });
}

/** Tools write their complaints where they like. */
function lastLines(error) {
  return `${error.message.split('\n', 1)[0]}\n${error.stdout ?? ''}${error.stderr ?? ''}`
    .trim()
    .split('\n')
    .slice(-20)
    .join('\n');
}
