// Split's murmur3 vectors: lines of seed, key, hash, bucket. The bucket is Split's own arithmetic,
// u32 mod 100 + 1; the hash is ours.

import { murmur3x86 } from '@flagstream/engine';
import { compareJson } from './json-comparison.ts';
import type { ConformanceCase, Suite, Verdict } from './suite.ts';
import { type SuiteFile, UnreadableError } from './suite-folder.ts';

/** The key may hold commas. */
const LINE = /^(-?\d+),(.*),(-?\d+),(\d+)$/u;
const UTF8 = new TextEncoder();

export const SPLIT_MURMUR3: Suite = {
  name: 'split murmur3',
  folder: 'split',
  reads: (file) => /^murmur3-.*\.csv$/.test(file),
  *cases(file: SuiteFile): Generator<ConformanceCase> {
    for (const [index, line] of file.text().split(/\r?\n/).entries()) {
      if (line === '' || line.startsWith('#')) continue;
      const at = `${file.name}:${index + 1}`;
      yield { at, judge: () => judge(at, line) };
    }
  },
};

function judge(at: string, line: string): Verdict {
  const fields = LINE.exec(line);
  if (fields === null) throw new UnreadableError(`${at} is not seed,key,hash,bucket`);
  const [, seed, key, hash, bucket] = fields;
  const u32 = murmur3x86(UTF8.encode(key), Number(seed) >>> 0);
  return compareJson(
    { hash: Number(hash) >>> 0, bucket: Number(bucket) },
    { hash: u32, bucket: (u32 % 100) + 1 },
  );
}
