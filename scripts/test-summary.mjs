// What `make test` says at its end, computed from the records of its vitest runs. Pure.
//
// A suite is a set of test files by path (suites.json; the first suite that matches takes the file). Files
// of several suites run at the same time, so a suite's time is its share of the clock: each moment is
// divided among the files that are running in it. The shares add up to the length of the run.

const STATES = ['passed', 'failed', 'skipped'];

/** Counts over all records: {passed, failed, skipped}. A file or run that broke counts as one failed test. */
export function countTests(records) {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const { files, errors } of records) {
    counts.failed += errors.length;
    for (const file of files) {
      counts.failed += file.errors.length;
      for (const test of file.tests) counts[stateOf(test)] += 1;
    }
  }
  return counts;
}

/** The line that continuous integration reads; it must stand alone, last. */
export function closingLine({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

/** Every test that did not pass, and every error outside of a test, one a line. */
export function listUnpassed(records) {
  const lines = { failed: [], skipped: [] };
  for (const { files, errors } of records) {
    for (const error of errors) lines.failed.push(`outside of any test: ${firstLine(error)}`);
    for (const { file, tests, errors: fileErrors } of files) {
      for (const error of fileErrors) lines.failed.push(`${file}: ${firstLine(error)}`);
      for (const test of tests) {
        const state = stateOf(test);
        if (state === 'passed') continue;
        lines[state].push(`${file}: ${test.name}${test.note ? ` (${test.note})` : ''}`);
      }
    }
  }
  return lines;
}

/** listUnpassed as lines to print: a title for each kind that occurs. */
export function formatUnpassed(records) {
  const { failed, skipped } = listUnpassed(records);
  const section = (title, lines) =>
    lines.length === 0 ? [] : ['', title, ...lines.map((line) => `  ${line}`)];
  return [...section('skipped:', skipped), ...section('failed:', failed)];
}

/** Rows {name, budgetSeconds, seconds, tests} in the order of `suites`. */
export function measureSuites(suites, records) {
  const files = records.flatMap((record) => record.files);
  const shares = clockShares(files);
  const rows = suites.map(({ name, budgetSeconds }) => ({ name, budgetSeconds, seconds: 0, tests: 0 }));
  files.forEach((file, index) => {
    const row = rows[suites.findIndex((suite) => suite.paths.some((prefix) => file.file.startsWith(prefix)))];
    row.seconds += shares[index] / 1000;
    row.tests += file.tests.length;
  });
  return rows;
}

/** The table of suites as lines; an overrun is marked, not failed: a busy machine is not a bug. */
export function formatSuites(rows) {
  const cells = rows.map((row) => [
    row.name,
    formatSeconds(row.budgetSeconds),
    formatSeconds(row.seconds) + (row.seconds > row.budgetSeconds ? ' OVER BUDGET' : ''),
    String(row.tests),
  ]);
  const table = [['suite', 'budget', 'time', 'tests'], ...cells];
  const widths = table[0].map((_, column) => Math.max(...table.map((line) => line[column].length)));
  return table.map((line) =>
    line
      .map((cell, column) => cell.padEnd(widths[column]))
      .join('  ')
      .trimEnd(),
  );
}

/** For each file its milliseconds of the clock: every moment is shared by the files running in it. */
function clockShares(files) {
  const moments = [...new Set(files.flatMap((file) => [file.startMs, file.endMs]))].sort((a, b) => a - b);
  const shares = files.map(() => 0);
  for (let next = 1; next < moments.length; next++) {
    const [fromMs, toMs] = [moments[next - 1], moments[next]];
    const running = [...files.keys()].filter(
      (index) => files[index].startMs <= fromMs && files[index].endMs >= toMs,
    );
    for (const index of running) shares[index] += (toMs - fromMs) / running.length;
  }
  return shares;
}

function stateOf(test) {
  // A test that never got a result (its worker died) has not passed.
  return STATES.includes(test.state) ? test.state : 'failed';
}

function formatSeconds(seconds) {
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)}m ${String(whole % 60).padStart(2, '0')}s`;
}

function firstLine(text) {
  return text.split('\n', 1)[0];
}
