// A vitest reporter: writes what scripts/test-summary.mjs needs (which test file ran when, and how each
// of its tests ended) to the file named by FLAGSTREAM_TEST_RECORDS.

import { writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';

const ROOT = path.dirname(import.meta.dirname);
const FRAMES_MAX = 8;

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
      errors: unhandledErrors.map(told),
    };
    writeFileSync(process.env['FLAGSTREAM_TEST_RECORDS'], JSON.stringify(records));
  }
}

/** Where vitest heard of an error that no test awaited, and how it came about: its own report may be cut off. */
function told(error) {
  const { message = String(error), stack = '', VITEST_TEST_PATH: file, VITEST_TEST_NAME: name } = error;
  const during = file === undefined ? '' : ` (during ${path.relative(ROOT, file)}${name ? `: ${name}` : ''})`;
  const frames = stack
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .slice(0, FRAMES_MAX)
    .map((line) => line.trim().replaceAll(`${ROOT}/`, ''));
  return `${message.split('\n', 1)[0]}${[during, ...frames].join(' ')}`;
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
