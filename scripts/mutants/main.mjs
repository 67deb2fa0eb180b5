// `make mutants`: breaks the engine in one place at a time and asks which test notices.
//
// `node scripts/mutants/main.mjs [--fresh] [PART-OF-A-FILE-NAME ...]`. Stryker's instrumenter makes the mutants;
// judge.mjs runs the tests, since Stryker's own runner starts vitest anew for each mutant, which takes hours for
// this many. The working tree is only read. What is known from earlier runs is kept: everything while the engine
// and its tests stay as they are, else what was killed in files that did; what equivalent.json names is not judged.
// --fresh judges everything. Without parts of names, the table in test/results is written.

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { formatSummary, formatSurvivors, formatTable, reasonFor, withReasons } from './mutant-table.mjs';

const HERE = import.meta.dirname;
const ROOT = path.resolve(HERE, '../..');
const CACHE = path.join(ROOT, '.cache', 'mutants');
const SCRIPT = path.join(CACHE, 'broken-engine.cjs');
const RESULTS = path.join(CACHE, 'results.jsonl');
const PROGRESS_EVERY_MS = 10_000;

const words = process.argv.slice(2);
const isFresh = words.includes('--fresh');
const parts = words.filter((word) => word !== '--fresh');

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(130));
mkdirSync(CACHE, { recursive: true });
install();
const { breakEngine, engineFiles } = await import('./break-engine.mjs');
const { judgeAll } = await import('./worker-pool.mjs');

const { mutants, script } = await breakEngine(ROOT, engineFiles(ROOT));
const chosen = mutants.filter(({ file }) => parts.length === 0 || parts.some((part) => file.includes(part)));
writeFileSync(SCRIPT, script);
const equivalents = JSON.parse(readFileSync(path.join(HERE, 'equivalent.json'), 'utf8'));
const known = knownResults(createHash('sha256').update(script).digest('hex'));
const startedMs = Date.now();
await judgeRest(
  chosen.filter(
    (mutant) => !known.has(mutant.key) && (isFresh || reasonFor(mutant, equivalents) === undefined),
  ),
);
const rows = withReasons(
  chosen.map((mutant) => ({ ...mutant, ...known.get(mutant.key) })),
  equivalents,
);
process.stdout.write(`\n${formatSurvivors(rows)}\n`);
if (parts.length === 0) writeTable(rows);

/** Beside its manifest, once per lock file. */
function install() {
  const digest = createHash('sha256')
    .update(readFileSync(path.join(HERE, 'package-lock.json')))
    .digest('hex');
  const stamp = path.join(HERE, 'node_modules', '.installed');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) return;
  process.stdout.write('installing what breaks the engine, once\n');
  execFileSync('npm', ['ci', '--no-progress'], { cwd: HERE, stdio: 'inherit' });
  writeFileSync(stamp, digest);
}

/** Results by mutant; the file's first line says which script the others are of. */
function knownResults(digest) {
  const [first, ...lines] =
    !isFresh && existsSync(RESULTS)
      ? readFileSync(RESULTS, 'utf8')
          .split('\n')
          .filter((line) => line !== '')
      : [];
  const kept = lines
    .map((line) => JSON.parse(line))
    .filter(({ state }) => first === digest || state === 'killed' || state === 'endless');
  writeFileSync(RESULTS, `${[digest, ...kept.map((result) => JSON.stringify(result))].join('\n')}\n`);
  return new Map(kept.map(({ key, state, by }) => [key, { state, by }]));
}

async function judgeRest(rest) {
  let done = 0;
  const progress = setInterval(() => {
    const minutes = ((Date.now() - startedMs) / 60_000).toFixed(1);
    process.stdout.write(`${done} of ${rest.length} after ${minutes} minutes\n`);
  }, PROGRESS_EVERY_MS);
  try {
    await judgeAll({
      mutants: rest,
      scriptFile: SCRIPT,
      root: ROOT,
      workers: availableParallelism(),
      onJudged: ({ key }, { state, by }) => {
        known.set(key, { state, by });
        appendFileSync(RESULTS, `${JSON.stringify({ key, state, by })}\n`);
        done += 1;
      },
    });
  } finally {
    clearInterval(progress);
  }
}

function writeTable(all) {
  const facts = {
    date: new Date().toISOString().slice(0, 10),
    node: process.version,
    cores: availableParallelism(),
  };
  const folder = path.join(ROOT, 'test', 'results');
  writeFileSync(path.join(folder, 'mutants.tsv'), formatTable(all));
  writeFileSync(path.join(folder, 'mutants.md'), formatSummary(all, facts));
}
