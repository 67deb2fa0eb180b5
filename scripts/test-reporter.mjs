// A vitest reporter: writes what scripts/test-summary.mjs needs (which test file ran when, and how each
// of its tests ended) to the file named by FLAGSTREAM_TEST_RECORDS.

import { writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';

const ROOT = path.dirname(import.meta.dirname);

export default class TestReporter {
  #startedMs = new Map();
  #files = [];

  onTestModuleQueued(module) {
    this.#startedMs.set(module.moduleId, Date.now());
  }

  onTestModuleEnd(module) {
    const endMs = Date.now();
    this.#files.push({
      file: path.relative(ROOT, module.moduleId),
      startMs: this.#startedMs.get(module.moduleId) ?? endMs,
      endMs,
      tests: [...module.children.allTests()].map((test) => describe(test)),
      // A file that cannot be loaded, or a hook that fails outside of any test.
      errors: [...module.errors(), ...suiteErrors(module)].map((error) => error.message),
    });
  }

  onTestRunEnd(_modules, unhandledErrors) {
    const records = {
      files: this.#files,
      errors: unhandledErrors.map((error) => error.message ?? String(error)),
    };
    writeFileSync(process.env['FLAGSTREAM_TEST_RECORDS'], JSON.stringify(records));
  }
}

function describe(test) {
  const result = test.result();
  // Figures that a test tells with annotate(text, 'figure').
  const figures = test
    .annotations()
    .filter(({ type }) => type === 'figure')
    .map(({ message }) => message);
  return { name: test.fullName, state: result.state, note: result.note, figures };
}

function suiteErrors(module) {
  return [...module.children.allSuites()].flatMap((suite) => suite.errors());
}
