// The language-neutral vectors against the engine: one test for each file, with the number of its cases.

import { readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { sameJson } from './json-comparison.ts';
import { readVectors, type VectorCase, type VectorFile } from './vector-file.ts';
import { FORMS } from './vector-forms.ts';

const FOLDER = path.join(import.meta.dirname, 'vectors');
const files = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.json'))
  .map((name) => ({ name, file: readVectors(path.join(FOLDER, name)) }));

/** Cases that the engine answers otherwise. */
function disagreements(file: VectorFile): readonly object[] {
  const form = FORMS[file.form];
  if (form === undefined) throw new Error(`"${file.form}" is no form of vectors.`);
  return file.cases.flatMap((entry, index) => {
    const { expected, actual } = form(entry, file);
    return sameJson(expected, actual) ? [] : [{ case: nameOf(entry, index), expected, actual }];
  });
}

function nameOf(entry: VectorCase, index: number): string {
  return entry.name ?? `cases[${index}]`;
}

describe('the engine agrees with the vectors', () => {
  test('of every form there is a file', () => {
    expect([...new Set(files.map(({ file }) => file.form))].sort()).toEqual(Object.keys(FORMS).sort());
  });

  for (const { name, file } of files) {
    test(`${name}: ${file.cases.length} cases, chapter ${file.chapter}`, () => {
      expect(file.cases.length).toBeGreaterThan(0);
      const names = file.cases.map(nameOf);
      expect(new Set(names).size).toBe(names.length);
      expect(disagreements(file)).toEqual([]);
    });
  }
});
