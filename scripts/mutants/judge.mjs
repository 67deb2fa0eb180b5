// Which test notices a mutant? Runs the engine's tests in this process, again and again, with one mutant in force
// at a time.
//
// A mutant is first switched on in the engine as it is loaded, for the tests that meet it. A test that fails counts
// when it passes again without the mutant; else an earlier mutant has left something behind, and this one is judged
// in an engine that is loaded anew. So is one that survives but whose code also runs while modules load. The tests
// of the broken module come first, then those of its folder, then all others; in each file the quick ones first.

import { createRequire } from 'node:module';
import path from 'node:path';
import vm from 'node:vm';
import fc from 'fast-check';
import { collect } from './engine-tests.mjs';

/** A mutant that is met this much more often than without it will never end. */
const HITS_FACTOR = 100;
const HITS_ADDED = 100_000;

/** What the instrumented code reads: which mutant is in force, and what is covered. */
const switches = {};
globalThis.__stryker__ = switches;

/** Runs of one property. */
const RUNS_MAX = 25;
/** Tests that take longer wait until an engine is loaded anew, where one will be; */
const SLOW_MS = 50;
/** those that take longer than this are run only for modules of their own folder. */
const SLOWER_MS = 300;
/** Where the instrumented code counts what it meets. */
const COUNTING = /\bstryCov_\w+\((?:"\d+"(?:, )?)+\)/g;

// A property that fails has killed its mutant: no smaller counterexample is looked for. The seed is fixed, so that
// two runs kill alike.
fc.configureGlobal({ endOnFailure: true, seed: 1 });
const hurriedProperties = {
  ...fc,
  assert: (property, parameters = {}) =>
    fc.assert(property, { ...parameters, numRuns: Math.min(parameters.numRuns ?? RUNS_MAX, RUNS_MAX) }),
};

export class Judge {
  #script;
  #makeLoaders;
  #require;
  /** Tests that ran without any mutant: { file, name, run, durationMs, hits by mutant }. */
  #tests = [];
  /** Mutants that are met while modules load. */
  #whileLoading;

  /** @param script of break-engine.mjs */
  constructor(script, root) {
    this.#script = script;
    this.#makeLoaders = compiled(script);
    const require = createRequire(path.join(root, 'packages/engine/package.json'));
    this.#require = (name) => (name === 'fast-check' ? hurriedProperties : require(name));
  }

  /** Runs every test without mutants. Answers the names of those that fail. */
  async observe() {
    switches.activeMutant = undefined;
    switches.mutantCoverage = { static: {}, perTest: {} };
    const failures = [];
    for (const test of this.#loadAll()) {
      const id = String(this.#tests.length);
      switches.currentTestId = id;
      const startedMs = performance.now();
      const error = await failureOf(test);
      switches.currentTestId = undefined;
      if (error !== undefined) failures.push(`${test.file} › ${test.name}: ${error.message}`);
      const hits = new Map(Object.entries(switches.mutantCoverage.perTest[id] ?? {}));
      this.#tests.push({ ...test, hits, durationMs: performance.now() - startedMs });
    }
    this.#whileLoading = new Set(Object.keys(switches.mutantCoverage.static));
    this.#makeLoaders = compiled(this.#script.replaceAll(COUNTING, '0'));
    const uncounted = this.#loadAll();
    this.#tests = this.#tests.map((test, index) => ({ ...test, run: uncounted[index].run }));
    return failures;
  }

  /** @returns {state, by}: "killed" by a test, "survived", or "unreached" when no test runs the place */
  async judge(mutant) {
    const loads = this.#whileLoading.has(mutant.id);
    const meeting = this.#nearestFirst(mutant, ({ hits }) => hits.has(mutant.id));
    const first = loads ? meeting.filter(({ durationMs }) => durationMs < SLOW_MS) : meeting;
    const killer = await this.#firstFailure(first, mutant);
    if (killer !== undefined && (await this.#passesWithout(killer)))
      return { state: 'killed', by: nameOf(killer) };
    if (loads)
      return this.#judgeAnew(
        mutant,
        this.#nearestFirst(mutant, () => true),
      );
    if (killer !== undefined) return this.#judgeAnew(mutant, meeting);
    return { state: meeting.length === 0 ? 'unreached' : 'survived' };
  }

  async #passesWithout(test) {
    switches.activeMutant = undefined;
    return (await failureOf(test)) === undefined;
  }

  async #firstFailure(tests, mutant) {
    switches.activeMutant = mutant.id;
    try {
      for (const test of tests) {
        switches.hitCount = 0;
        switches.hitLimit = (test.hits.get(mutant.id) ?? 0) * HITS_FACTOR + HITS_ADDED;
        if ((await failureOf(test)) !== undefined) return test;
      }
      return undefined;
    } finally {
      switches.activeMutant = undefined;
    }
  }

  /** In an engine that is loaded with the mutant in force, file by file. */
  async #judgeAnew(mutant, covering) {
    const loaders = this.#makeLoaders(this.#require);
    for (const file of new Set(covering.map((test) => test.file))) {
      const own = covering.filter((test) => test.file === file);
      let fresh;
      switches.activeMutant = mutant.id;
      switches.hitCount = 0;
      switches.hitLimit = HITS_ADDED;
      try {
        fresh = new Map(collect(loaders[file]).map((test) => [test.name, test]));
      } catch {
        return { state: 'killed', by: `${nameOf(own[0])} (its file does not load)` };
      } finally {
        switches.activeMutant = undefined;
      }
      const killer = await this.#firstFailure(
        own.map((test) => ({ ...test, run: fresh.get(test.name)?.run ?? missing })),
        mutant,
      );
      if (killer !== undefined) return { state: 'killed', by: nameOf(killer) };
    }
    return { state: 'survived' };
  }

  #loadAll() {
    const loaders = this.#makeLoaders(this.#require);
    return Object.entries(loaders).flatMap(([file, load]) =>
      collect(load).map((test) => ({ ...test, file })),
    );
  }

  #nearestFirst(mutant, isCovering) {
    return this.#tests
      .filter(isCovering)
      .map((test) => ({ test, distance: distance(test.file, mutant.file) }))
      .filter(({ test, distance }) => distance < 2 || test.durationMs < SLOWER_MS)
      .sort(
        (a, b) =>
          a.distance - b.distance ||
          compareText(a.test.file, b.test.file) ||
          a.test.durationMs - b.test.durationMs,
      )
      .map(({ test }) => test);
  }
}

function compiled(script) {
  return new vm.Script(script, { filename: 'broken-engine.cjs' }).runInThisContext();
}

function missing() {
  throw new Error('The mutant keeps this test from being defined.');
}

async function failureOf({ run }) {
  try {
    await run();
    return undefined;
  } catch (error) {
    return error;
  }
}

function nameOf({ file, name }) {
  return `${file} › ${name}`;
}

function distance(test, broken) {
  if (test === broken.replace(/\.ts$/, '.test.ts')) return 0;
  return path.dirname(test) === path.dirname(broken) ? 1 : 2;
}

function compareText(a, b) {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
