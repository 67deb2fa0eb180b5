// What a conformance suite is, and how one is run: every case read is passed, failed or refused.
//
// A case that cannot be read or that throws has failed, with what was wrong; a file that cannot be read, and a
// suite without cases, is an error of the suite.

import { type SuiteFile, UnreadableError } from './suite-folder.ts';

export type Verdict =
  | { readonly kind: 'passed' }
  | { readonly kind: 'failed'; readonly expected: string; readonly actual: string }
  /** Something in the case is not offered here, and the reason names it. */
  | { readonly kind: 'refused'; readonly reason: string };

/** Something to know about a case whatever its verdict; cases with the same topic are listed together. */
export interface Remark {
  readonly topic: string;
  readonly text: string;
}

export interface ConformanceCase {
  /** File and position: "compatible.json[12]", "murmur3-sample-v3.csv:13". */
  readonly at: string;
  /** Throws UnreadableError where a member is absent or of another type. */
  judge(): Verdict;
  remark?(): Remark | undefined;
}

export interface Suite {
  readonly name: string;
  /** Below the folder of all suites. */
  readonly folder: string;
  /** Whether the suite reads the file, named relative to its folder. */
  reads(file: string): boolean;
  /** Throws UnreadableError when the file is not in its format. */
  cases(file: SuiteFile): Iterable<ConformanceCase>;
}

export interface Failure {
  readonly at: string;
  readonly expected: string;
  readonly actual: string;
}

/** passed + failed + refused = read. */
export interface SuiteResult {
  readonly name: string;
  readonly read: number;
  readonly passed: number;
  readonly failed: number;
  readonly refused: number;
  readonly failures: readonly Failure[];
  /** Where a case was refused, by reason. */
  readonly refusals: ReadonlyMap<string, readonly string[]>;
  /** Texts by topic. */
  readonly remarks: ReadonlyMap<string, readonly string[]>;
  /** Why the suite as a whole is no result. */
  readonly errors: readonly string[];
}

export const PASSED: Verdict = { kind: 'passed' };

/** Runs the suite over its files. */
export function runSuite(suite: Suite, files: readonly SuiteFile[]): SuiteResult {
  const counts = { passed: 0, failed: 0, refused: 0 };
  const failures: Failure[] = [];
  const refusals = new Map<string, string[]>();
  const remarks = new Map<string, string[]>();
  const errors: string[] = [];

  for (const file of files) {
    try {
      for (const entry of suite.cases(file)) {
        const { verdict, remark } = judgeSafely(entry);
        counts[verdict.kind] += 1;
        if (verdict.kind === 'failed')
          failures.push({ at: entry.at, expected: verdict.expected, actual: verdict.actual });
        if (verdict.kind === 'refused') enter(refusals, verdict.reason, entry.at);
        if (remark !== undefined) enter(remarks, remark.topic, remark.text);
      }
    } catch (error) {
      if (!(error instanceof UnreadableError)) throw error;
      errors.push(error.message);
    }
  }
  const read = counts.passed + counts.failed + counts.refused;
  if (read === 0) errors.push(`no case could be read from ${suite.folder}/`);
  return { name: suite.name, read, ...counts, failures, refusals, remarks, errors };
}

interface Judged {
  readonly verdict: Verdict;
  readonly remark: Remark | undefined;
}

function judgeSafely(entry: ConformanceCase): Judged {
  try {
    return { verdict: entry.judge(), remark: entry.remark?.() };
  } catch (error) {
    const verdict: Verdict =
      error instanceof UnreadableError
        ? { kind: 'failed', expected: 'a case that can be read', actual: error.message }
        : { kind: 'failed', expected: 'an answer', actual: `an exception: ${String(error)}` };
    return { verdict, remark: undefined };
  }
}

function enter(lists: Map<string, string[]>, key: string, text: string): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [text]);
  else list.push(text);
}
