// The licences of everything that the bundles carry: one text with the licence and notice files of each
// package, found by the source files that went in.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const LEGAL_FILE = /^(licen[cs]e|copying|notice|copyright)/i;
const RULE = '-'.repeat(80);

/**
 * @param root folder that the files are relative to
 * @param files every source file in the bundles
 * @throws Error when a package names no licence at all
 */
export function thirdPartyNotices(root, files) {
  const folders = new Set(files.map(packageFolder).filter((folder) => folder !== undefined));
  const sections = [...folders].sort().map((folder) => section(path.join(root, folder)));
  const opening = [
    'Flagstream is licensed under the Apache License 2.0 (see LICENSE). This distribution also contains the',
    'following software, each under its own terms.',
  ];
  return `${[opening.join('\n'), ...sections].join(`\n\n${RULE}\n\n`)}\n`;
}

/** "node_modules/@grpc/grpc-js" of a file below it, undefined for our own files. */
function packageFolder(file) {
  const parts = file.split('/');
  const last = parts.lastIndexOf('node_modules');
  if (last === -1) return undefined;
  const depth = parts[last + 1].startsWith('@') ? 3 : 2;
  return parts.slice(0, last + depth).join('/');
}

function section(folder) {
  const manifest = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
  const heading = `${manifest.name} ${manifest.version}`;
  if (typeof manifest.license !== 'string') throw new Error(`${heading} names no licence`);
  const texts = legalFiles(folder).map((file) => readFileSync(file, 'utf8').trim());
  return [`${heading} (${manifest.license})`, ...(texts.length > 0 ? texts : [credit(manifest)])].join(
    '\n\n',
  );
}

function legalFiles(folder) {
  return readdirSync(folder)
    .filter((name) => LEGAL_FILE.test(name))
    .sort()
    .map((name) => path.join(folder, name))
    .filter((file) => existsSync(file) && !file.endsWith('.js'));
}

/** For a package that ships no licence file. */
function credit({ author, license }) {
  const name = typeof author === 'object' ? author.name : author;
  return `By ${name ?? 'its contributors'}. The package carries no licence file; its manifest says ${license}.`;
}
