// `make conformance [ARGS=FOLDER]`: runs the conformance suites and prints the table. Exit code 1 on a failure
// or an error, 2 when the named folder is not there. Without a name, an absent folder skips the run.

import process from 'node:process';
import { formatReport } from './report.ts';
import { hasFailed, runSuites } from './run-suites.ts';
import { conformanceFolder, isFolder } from './suite-folder.ts';
import { SUITES } from './suites.ts';

const named = process.argv.slice(2);
if (named.length > 1) {
  process.stderr.write('one folder at most can be named\n');
  process.exit(2);
}
const folder = conformanceFolder(named[0]);
if (isFolder(folder)) {
  const report = runSuites(SUITES, folder);
  process.stdout.write(formatReport(report));
  process.exitCode = hasFailed(report) ? 1 : 0;
} else {
  process.stdout.write(`skipped: there is no folder ${folder}; make conformance ARGS=FOLDER names another\n`);
  process.exitCode = named.length === 0 ? 0 : 2;
}
