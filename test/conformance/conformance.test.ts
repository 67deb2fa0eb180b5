// Every conformance suite as a test; `make conformance` prints the same run as a table.

import { describe, expect } from 'vitest';
import { requiresFolder } from '../support/requires-folder.ts';
import { filesRead } from './run-suites.ts';
import { runSuite } from './suite.ts';
import { conformanceFolder, DEFAULT_FOLDER } from './suite-folder.ts';
import { SUITES } from './suites.ts';

const folder = conformanceFolder();
const { test } = requiresFolder(folder);

/** What is refused of the cases beside the project. Any other refusal would hide that something was lost. */
const REFUSED: ReadonlyMap<string, readonly string[]> = new Map([
  ['semver', ['npm ranges are no operator of ours']],
]);

describe('conformance', () => {
  for (const suite of SUITES) {
    test(suite.name, () => {
      const result = runSuite(suite, filesRead(suite, folder));
      expect(result.errors).toEqual([]);
      expect(result.failures).toEqual([]);
      expect(result.passed).toBeGreaterThan(0);
      // Of the cases of another folder nobody knows here what they ask for.
      if (folder === DEFAULT_FOLDER)
        expect([...result.refusals.keys()]).toEqual(REFUSED.get(suite.name) ?? []);
    });
  }
});
