// The track record in test/README.md: each of its commands names test files that exist, and a test that is in them.

import path from 'node:path';
import { expect, test } from 'vitest';
import { readTracked, trackedFiles } from './tracked-files.ts';

interface Shown {
  readonly command: string;
  /** A test file is run when its path contains one of these. */
  readonly paths: readonly string[];
  /** Of `-t`; undefined for all tests of the files. */
  readonly testName: string | undefined;
}

const testFiles = trackedFiles().filter((file) => file.endsWith('.test.ts'));

/** The last cell of each row of the table. */
function commandsOf(text: string): readonly string[] {
  const [, table] = /^\| Date \|[^\n]*\| Shown by \|\n\|[-| ]+\|\n((?:\|[^\n]*\n)*)/m.exec(text) ?? [];
  return (table ?? '').split('\n').flatMap((row) => (row === '' ? [] : [row.split(' | ').at(-1)!]));
}

function parse(cell: string): Shown {
  const command = /^`([^`]+)` \|$/.exec(cell)?.[1] ?? '';
  const words = [...command.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(
    ([, single, double, bare]) => single ?? double ?? bare!,
  );
  const begin = words.indexOf('run') + 1;
  if (words[0] === 'make')
    return { command, paths: words.flatMap((word) => word.split('ARGS=')[1] ?? []), testName: undefined };
  const at = words.indexOf('-t');
  const paths = words
    .slice(begin, at < 0 ? words.length : at)
    .filter((word, i, all) => word !== '--project' && all[i - 1] !== '--project');
  return { command, paths, testName: at < 0 ? undefined : words[at + 1] };
}

/** A test file with the fixtures beside it, which may hold its tests. */
function textOf(file: string): string {
  const text = readTracked(file);
  const fixtures = [...text.matchAll(/from '(\.[^']*\.fixture\.ts)'/g)].map(([, fixture]) =>
    readTracked(path.join(path.dirname(file), fixture!)),
  );
  return [text, ...fixtures].join('\n');
}

test('every command of the track record names a test that exists', () => {
  const shown = commandsOf(readTracked('test/README.md')).map(parse);
  expect(shown.length).toBeGreaterThan(40);
  const missing = shown.filter(({ paths, testName }) => {
    const files = testFiles.filter((file) => paths.some((part) => file.includes(part)));
    return !files.some((file) => testName === undefined || textOf(file).includes(testName));
  });
  expect(missing.map(({ command }) => command)).toEqual([]);
});
