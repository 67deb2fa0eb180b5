// The SDK's type declarations, gathered from the packages' compiled ones into one folder that leans on
// nothing a consumer does not have.
//
// A file's imports are followed from the entry points. An import of one of our packages is led past the
// package's index to the file that declares the name, so that what the SDK's types do not mention stays out.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import path from 'node:path';
import { Barrels, groupBy, memberList, STATEMENT } from './barrels.mjs';

const OURS = '@flagstream/';
const INLINE_IMPORT = /\bimport\('([^']+)'\)/g;

/**
 * @param options.root the workspace's folder
 * @param options.entries specifiers of ours by name
 * @param options.allowed packages that the consumer has
 * @param options.out folder to write
 * @returns the entry points' files below `out`, by name
 * @throws Error naming each import that leads out of the package
 */
export function copyDeclarations({ root, entries, allowed, out }) {
  const tree = new DeclarationTree(root, allowed);
  const files = Object.fromEntries(
    Object.entries(entries).map(([name, specifier]) => [name, tree.add(tree.resolveOurs(specifier))]),
  );
  if (tree.strays.length > 0) {
    throw new Error(`the SDK's types lead out of the package:\n${tree.strays.join('\n')}`);
  }
  for (const [file, text] of tree.texts) {
    mkdirSync(path.join(out, path.dirname(file)), { recursive: true });
    writeFileSync(path.join(out, file), text);
  }
  return files;
}

class DeclarationTree {
  /** By path below the output folder. */
  texts = new Map();
  /** Imports that cannot be resolved by a consumer. */
  strays = [];
  #root;
  #allowed;
  #barrels = new Barrels();

  constructor(root, allowed) {
    this.#root = root;
    this.#allowed = new Set([...allowed, ...builtinModules]);
  }

  /** Takes a compiled declaration file in, with all that it imports; answers its path in the output. */
  add(file) {
    const target = this.#target(file);
    if (this.texts.has(target)) return target;
    this.texts.set(target, '');
    const text = readFileSync(file, 'utf8').replace(/^\/\/# sourceMappingURL=.*$/m, '');
    const rewritten = text
      .replace(STATEMENT, (statement, keyword, type, names, specifier) =>
        this.#statement(file, { statement, keyword, type: type ?? '', names, specifier }),
      )
      .replace(INLINE_IMPORT, (whole, specifier) => whole.replace(specifier, this.#follow(file, specifier)));
    this.texts.set(target, rewritten);
    return target;
  }

  /** The declaration file of a package or subpath of ours. */
  resolveOurs(specifier) {
    const [name, ...rest] = specifier.slice(OURS.length).split('/');
    const folder = path.join(this.#root, 'node_modules', OURS, name);
    const { exports } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
    const subpath = ['.', ...rest].join('/');
    const exact = exports[subpath];
    if (exact !== undefined) return path.join(folder, exact.types);
    const pattern = Object.keys(exports).find(
      (key) => key.endsWith('*') && subpath.startsWith(key.slice(0, -1)),
    );
    if (pattern === undefined) throw new Error(`${specifier} is not exported`);
    return path.join(folder, exports[pattern].types.replace('*', subpath.slice(pattern.length - 1)));
  }

  #statement(file, { statement, keyword, type, names, specifier }) {
    if (!specifier.startsWith(OURS) || !names.startsWith('{')) {
      return statement.replace(`'${specifier}'`, `'${this.#follow(file, specifier)}'`);
    }
    const index = this.resolveOurs(specifier);
    const byFile = groupBy(memberList(names), (member) =>
      this.#barrels.declaring(index, member.name).replace(/(?<!\.d)\.ts$/, '.d.ts'),
    );
    return [...byFile]
      .map(([declaring, members]) => {
        const list = members.map((member) => member.text).join(', ');
        return `${keyword} ${type}{ ${list} } from '${this.#relative(file, declaring)}';`;
      })
      .join('\n');
  }

  /** Where a consumer finds what `file` imports as `specifier`. */
  #follow(file, specifier) {
    if (specifier.startsWith('.')) {
      const imported = path.resolve(path.dirname(file), specifier).replace(/\.(ts|js)$/, '.d.ts');
      return this.#relative(file, imported);
    }
    if (specifier.startsWith(OURS)) return this.#relative(file, this.resolveOurs(specifier));
    if (!specifier.startsWith('node:') && !this.#allowed.has(specifier)) {
      this.strays.push(`  ${this.#target(file)} imports ${specifier}`);
    }
    return specifier;
  }

  #relative(from, to) {
    return this.#relativeTo(from, this.add(to));
  }

  #relativeTo(from, target) {
    const relative = path.posix.relative(path.posix.dirname(this.#target(from)), target);
    return `${relative.startsWith('.') ? '' : './'}${relative.replace(/\.d\.ts$/, '.js')}`;
  }

  /** packages/client/dist/a/b.d.ts stands at client/a/b.d.ts. */
  #target(file) {
    const [, folder, , ...rest] = path
      .relative(this.#root, file)
      .replace(/^node_modules\/@flagstream\//, 'packages/')
      .split(path.sep);
    return [folder, ...rest].join('/');
  }
}
