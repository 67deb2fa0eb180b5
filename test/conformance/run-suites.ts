// Runs suites over a folder of the layout of the conformance cases, and accounts for every file in it.

import path from 'node:path';
import { runSuite, type Suite, type SuiteResult } from './suite.ts';
import { filesOf, foldersBelow, type SuiteFile } from './suite-folder.ts';

/** Files that no suite reads. */
export interface Unread {
  readonly folder: string;
  readonly files: number;
  readonly reason: string;
}

export interface ConformanceReport {
  readonly folder: string;
  readonly suites: readonly SuiteResult[];
  readonly unread: readonly Unread[];
}

const WITH_ITS_IMPORTER = 'comes with its importer';
/** Why files of a folder are not read. */
const UNREAD_REASONS: ReadonlyMap<string, string> = new Map([
  ['unleash', WITH_ITS_IMPORTER],
  ['growthbook', WITH_ITS_IMPORTER],
  ['launchdarkly', WITH_ITS_IMPORTER],
  ['configcat', WITH_ITS_IMPORTER],
  ['eppo', WITH_ITS_IMPORTER],
  ['posthog', WITH_ITS_IMPORTER],
  ['split', `legacy hash, versions, regular expressions and documents: ${WITH_ITS_IMPORTER}`],
  ['flagd', 'JSON Schemas, without cases'],
  ['licences', 'licence texts'],
]);

export function runSuites(suites: readonly Suite[], folder: string): ConformanceReport {
  return {
    folder,
    suites: suites.map((suite) => runSuite(suite, filesRead(suite, folder))),
    unread: foldersBelow(folder).flatMap((name) => unreadIn(name, suites, folder)),
  };
}

/** The files of the folder that the suite reads. */
export function filesRead(suite: Suite, folder: string): readonly SuiteFile[] {
  return filesOf(path.join(folder, suite.folder)).filter((file) => suite.reads(file.name));
}

export function hasFailed(report: ConformanceReport): boolean {
  return report.suites.some((suite) => suite.failed > 0 || suite.errors.length > 0);
}

function unreadIn(name: string, suites: readonly Suite[], folder: string): readonly Unread[] {
  const readers = suites.filter((suite) => suite.folder === name);
  const files = filesOf(path.join(folder, name)).filter(
    (file) => !readers.some((suite) => suite.reads(file.name)),
  );
  if (files.length === 0) return [];
  return [{ folder: name, files: files.length, reason: UNREAD_REASONS.get(name) ?? 'no suite reads it' }];
}
