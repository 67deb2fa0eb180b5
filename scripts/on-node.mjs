// `make test NODE=24`, `make bench NODE=24`: the same on another Node, which comes from npm with its headers.
// Everything happens in a copy of the working tree under .cache, with dependencies and SQLite of its own, so that
// the tree itself stays built for its own Node. What the whole suite said is kept as test/results/node-MAJOR.txt,
// and the benchmarks' results beside those of this Node.

import { execFileSync, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';

const ROOT = path.dirname(import.meta.dirname);
const VERSIONS = { 24: '24.21.0' };
/** What the copy keeps from one run to the next. */
const KEPT = new Set(['.git', '.cache', 'node_modules']);

/** Of a copy, and of the tree itself. */
const BENCH_RESULTS = path.join('test', 'bench', 'results');

const [target, major, ...words] = process.argv.slice(2);
const version = VERSIONS[major];
if (version === undefined) {
  process.stderr.write(`NODE=${major} is not known; there are ${Object.keys(VERSIONS).join(', ')}\n`);
  process.exit(2);
}

const home = path.join(ROOT, '.cache', `node${major}`);
const copy = path.join(home, 'tree');

/** The folder with bin/node and include/node. */
function installNode() {
  const name = `node-${process.platform}-${process.arch}`;
  const folder = path.join(home, 'node_modules', name);
  if (!existsSync(path.join(folder, 'bin', 'node'))) {
    mkdirSync(home, { recursive: true });
    // A manifest of its own, or npm would take the folder for part of the workspace around it.
    writeFileSync(path.join(home, 'package.json'), '{ "private": true }\n');
    execFileSync('npm', ['install', '--no-save', `${name}@${version}`], { cwd: home, stdio: 'inherit' });
  }
  return folder;
}

/** Lays the working tree anew, committed or not, as a repository of its own (tests ask git for its files). */
function copyTree() {
  mkdirSync(copy, { recursive: true });
  for (const entry of readdirSync(copy)) {
    if (!KEPT.has(entry)) rmSync(path.join(copy, entry), { recursive: true });
  }
  const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  for (const file of listed.split('\0').filter((name) => name !== '' && existsSync(path.join(ROOT, name)))) {
    cpSync(path.join(ROOT, file), path.join(copy, file), { preserveTimestamps: true });
  }
  execFileSync('git', ['init', '-q'], { cwd: copy });
  execFileSync('git', ['add', '-A'], { cwd: copy });
}

/** The environment in which node, npm and node-gyp are the other Node's. */
function otherEnvironment(node) {
  const clean = Object.entries(process.env).filter(([name]) => !/^(MAKE|MFLAGS|npm_)/.test(name));
  const binaries = `${path.join(node, 'bin')}${path.delimiter}${process.env['PATH']}`;
  return { ...Object.fromEntries(clean), PATH: binaries, npm_config_nodedir: node };
}

const node = installNode();
copyTree();
const child = spawn('make', [target, ...(words.length === 0 ? [] : [`ARGS=${words.join(' ')}`])], {
  cwd: copy,
  env: otherEnvironment(node),
  stdio: ['ignore', 'pipe', 'inherit'],
});
const output = [];
createInterface({ input: child.stdout }).on('line', (line) => {
  process.stdout.write(`${line}\n`);
  output.push(line);
});
child.once('close', (code) => {
  if (target === 'test' && words.length === 0) writeResult(output);
  if (target === 'bench') bringResults();
  process.exitCode = code ?? 1;
});

/** What a run on this Node would have kept. */
function bringResults() {
  for (const file of readdirSync(path.join(copy, BENCH_RESULTS)).filter((name) =>
    name.includes(`-node${major}`),
  ))
    cpSync(path.join(copy, BENCH_RESULTS, file), path.join(ROOT, BENCH_RESULTS, file));
}

/** Keeps the table of suites and all that follows it. */
function writeResult(lines) {
  const summary = lines.slice(
    Math.max(
      0,
      lines.findLastIndex((line) => line.startsWith('suite ')),
    ),
  );
  const folder = path.join(ROOT, 'test', 'results');
  mkdirSync(folder, { recursive: true });
  const title = `make test NODE=${major}: Node ${version}, ${new Date().toISOString().slice(0, 10)}`;
  writeFileSync(path.join(folder, `node-${major}.txt`), `${[title, '', ...summary].join('\n')}\n`);
}
