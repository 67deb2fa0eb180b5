// `make fresh`: what a stranger does with this repository, from nothing. Clones it into an empty folder, starts
// it with `make run`, changes a flag and sees the change, stops it with Ctrl-C, installs the packed artefact
// into another empty folder and starts that, then runs `make test`. Needs the default ports to be free.

import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';

const ROOT = path.dirname(import.meta.dirname);
const CONTROL_PLANE_READY = 'http://127.0.0.1:8011/readyz';
const EVALUATOR_READY = 'http://127.0.0.1:8014/readyz';
/** Installing and compiling SQLite included. */
const START_TIMEOUT_MS = 15 * 60_000;
const STOP_TIMEOUT_MS = 60_000;
const SEEN_TIMEOUT_MS = 10_000;
const POLL_MS = 200;

const environment = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(MAKE|MFLAGS|npm_|FLAGSTREAM_)/.test(name)),
);
const workplace = mkdtempSync(path.join(tmpdir(), 'flagstream-fresh-'));
const clone = path.join(workplace, 'flagstream');

/** Starts a program as a terminal would, in a process group of its own, and waits until both parts are ready. */
async function start(program, programArguments, cwd) {
  if (await answers(EVALUATOR_READY))
    throw new Error('something listens on the default ports already; stop it first');
  const child = spawn(program, programArguments, {
    cwd,
    env: environment,
    stdio: ['ignore', 'inherit', 'inherit'],
    detached: true,
  });
  const ended = new Promise((resolve) => child.once('close', (code, signal) => resolve(signal ?? code)));
  const ready = async () => (await answers(CONTROL_PLANE_READY)) && (await answers(EVALUATOR_READY));
  await Promise.race([
    eventually(ready, 'both readiness checks', START_TIMEOUT_MS),
    ended.then((how) => Promise.reject(new Error(`${program} ended (${how}) before it was ready`))),
  ]);
  return { child, ended };
}

/** Ctrl-C: the signal goes to the whole group. Anything but a clean end is an error. */
async function interrupt({ child, ended }) {
  process.kill(-child.pid, 'SIGINT');
  const how = await Promise.race([ended, delay(STOP_TIMEOUT_MS, 'still running', { ref: false })]);
  if (![0, 130, 'SIGINT'].includes(how)) throw new Error(`after Ctrl-C it ended with: ${how}`);
}

/** Switches a flag that is on off, and waits until an evaluation says so. */
async function changeAFlag(cwd) {
  const flagstream = (...rest) =>
    JSON.parse(
      execFileSync('npx', ['flagstream', ...rest, '-o', 'json'], { cwd, env: environment, encoding: 'utf8' }),
    );
  const isOn = (key) => flagstream('eval', key, '-c', '{"targetingKey":"stranger"}').enabled === true;
  const listed = flagstream('flag', 'list');
  const on = listed.find(({ configs }) => Object.values(configs).some((config) => config.enabled === true));
  if (on === undefined) throw new Error('no demo flag is on');
  const key = on.flag.name.split('/').at(-1);
  await eventually(() => isOn(key), `flag ${key} to be seen as enabled`, SEEN_TIMEOUT_MS);
  flagstream('flag', 'disable', key, '--comment', 'changed by a stranger');
  await eventually(() => !isOn(key), `flag ${key} to be seen as disabled`, SEEN_TIMEOUT_MS);
  say(`flag ${key} was changed, and the change was seen`);
}

async function startPackedArtefact() {
  make('pack');
  const tarball = readdirSync(path.join(clone, 'build')).find((file) => /^flagstream-\d.*\.tgz$/.test(file));
  const folder = path.join(workplace, 'empty');
  mkdirSync(folder);
  writeFileSync(path.join(folder, 'package.json'), '{ "private": true }\n');
  execFileSync('npm', ['install', path.join(clone, 'build', tarball)], {
    cwd: folder,
    env: environment,
    stdio: 'inherit',
  });
  const running = await start('npx', ['flagstream', 'dev', '--seed', 'demo'], folder);
  await changeAFlag(folder);
  await interrupt(running);
}

function make(target) {
  say(`make ${target}`);
  const { status } = spawnSync('make', [target], {
    cwd: clone,
    env: environment,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (status !== 0) throw new Error(`make ${target} failed`);
}

async function eventually(condition, what, timeoutMs) {
  const endMs = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > endMs) throw new Error(`waited ${timeoutMs} ms in vain for ${what}`);
    await delay(POLL_MS);
  }
}

async function answers(url) {
  const response = await fetch(url).catch(() => undefined);
  return response?.ok === true;
}

function say(line) {
  process.stdout.write(`== ${line}\n`);
}

try {
  execFileSync('git', ['clone', '-q', ROOT, clone]);
  say(`cloned what is committed into ${clone}`);
  const running = await start('make', ['run'], clone);
  await changeAFlag(clone);
  await interrupt(running);
  await startPackedArtefact();
  make('test');
} catch (error) {
  say(error.message);
  process.exitCode = 1;
} finally {
  rmSync(workplace, { recursive: true, force: true });
}
