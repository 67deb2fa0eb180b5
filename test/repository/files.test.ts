// House rules that a reader can see: names, sizes, opening comments, nothing unfinished, nothing of one machine.

import { execFileSync } from 'node:child_process';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { ROOT, readTracked, sourceFiles, trackedFiles } from './tracked-files.ts';

const SOURCE_LINES_MAX = 450;
const BINARY = /\.(binpb|db|ico|png|tgz|wasm)$/;
/** Names that say nothing about what is inside. */
const EMPTY_NAMES = /(^|\/)(utils?|common|types|helpers?|misc|shared)(\/|\.[a-z]+$)/;
const KEBAB_CASE = /^[a-z0-9]+(-[a-z0-9]+)*(\.(test|bench|fixture|config|d))?\.(ts|mjs)$/;
/** Folders that many things live in: finding them in a file says nothing about this machine. */
const EVERYONES_FOLDERS = new Set(['/', '/home', '/opt', '/root', '/srv', '/usr/src', tmpdir()]);

const sources = sourceFiles();
const texts = trackedFiles().filter((file) => !BINARY.test(file));

function offenders(
  files: readonly string[],
  offends: (text: string, file: string) => boolean,
): readonly string[] {
  return files.filter((file) => offends(readTracked(file), file));
}

describe('source files', () => {
  test('are named in kebab case, after what they hold', () => {
    expect(sources.filter((file) => !KEBAB_CASE.test(path.basename(file)))).toEqual([]);
    expect(sources.filter((file) => EMPTY_NAMES.test(file))).toEqual([]);
  });

  test(`have at most ${SOURCE_LINES_MAX} lines`, () => {
    expect(offenders(sources, (text) => text.split('\n').length > SOURCE_LINES_MAX)).toEqual([]);
  });

  test('open with a comment that says what they are, unless they test the module beside them', () => {
    const modules = sources.filter((file) => !/\/src\/.*\.test\.ts$/.test(file));
    expect(offenders(modules, (text) => !/^(#!.*\n)?\s*(\/\/|\/\*)/.test(text))).toEqual([]);
  });

  test('hold no unfinished marks, skipped tests or swallowed errors', () => {
    const unfinished = new RegExp(['TO' + 'DO', 'FIX' + 'ME', 'XX' + 'X', 'not imple' + 'mented'].join('|'));
    expect(offenders(sources, (text) => unfinished.test(text))).toEqual([]);
    expect(offenders(sources, (text) => /catch\s*(\([^)]*\))?\s*\{\s*\}/.test(text))).toEqual([]);
    // The places that skip, with the reason in the test's name.
    const others = sources.filter((file) => !/support\/requires-[a-z]+\.ts$/.test(file));
    expect(offenders(others, (text) => /\b(it|test|describe)\.(skip|only|todo)\b/.test(text))).toEqual([]);
  });
});

describe('tracked files', () => {
  test('name no path of this machine', () => {
    const own = [ROOT, path.dirname(ROOT), homedir()].filter((folder) => !EVERYONES_FOLDERS.has(folder));
    expect(offenders(texts, (text) => own.some((folder) => text.includes(`${folder}/`)))).toEqual([]);
    expect(offenders(texts, (text) => /\/(home|Users)\/[a-z]\w+\//.test(text))).toEqual([]);
  });

  test('name no package registry', () => {
    const configured = execFileSync('npm', ['config', 'get', 'registry'], {
      cwd: ROOT,
      encoding: 'utf8',
    }).trim();
    const { host } = new URL(configured);
    const known =
      /\bnpmjs\.(org|com)|\bpypi\.org|pythonhosted\.org|proxy\.golang\.org|\bpkg\.dev\b|\b(deb\.debian|maven\.apache)\.org|\b(gcr|ghcr|quay)\.io/;
    expect(offenders(texts, (text) => text.includes(host) || known.test(text))).toEqual([]);
  });

  test('are no build results', () => {
    expect(
      trackedFiles().filter((file) => /(^|\/)(dist|node_modules|data)\/|\.(tgz|tsbuildinfo)$/.test(file)),
    ).toEqual([]);
  });
});
