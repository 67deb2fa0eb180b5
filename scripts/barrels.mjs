// Looks through the index of a package: which file declares a name that the index hands on. With it, what is gathered
// for a consumer (declarations, bundles) holds what is used, not everything that an index knows.

import { readFileSync } from 'node:fs';
import path from 'node:path';

/** One import or export statement as the formatter writes it: keyword, "type ", names, specifier. */
export const STATEMENT = /^(import|export)\s+(type\s+)?(\{[^}]*\}|\*(?:\s+as\s+\w+)?)\s+from\s+'([^']+)';$/gm;

export class Barrels {
  #byIndex = new Map();

  /** The file that declares `name`, seen through an index; the index itself when it does not only hand it on. */
  declaring(index, name) {
    if (!this.#byIndex.has(index)) this.#byIndex.set(index, handedOn(readFileSync(index, 'utf8')));
    const from = this.#byIndex.get(index).get(name);
    return from === undefined ? index : path.resolve(path.dirname(index), from);
  }
}

/** Names that an index hands on unchanged, with the file they come from. */
function handedOn(text) {
  const statements = [...text.matchAll(STATEMENT)].filter(
    ([, keyword, , names]) => keyword === 'export' && names.startsWith('{'),
  );
  return new Map(
    statements.flatMap(([, , , names, specifier]) =>
      memberList(names)
        .filter((member) => member.name === member.exported && specifier.startsWith('.'))
        .map((member) => [member.name, specifier]),
    ),
  );
}

/** "{ a, type b as c }" as [{ text: 'a', ... }, ...]. */
export function memberList(names) {
  return names
    .slice(1, -1)
    .split(',')
    .map((text) => text.trim())
    .filter((text) => text !== '')
    .map((text) => {
      const [name, exported = name] = text.replace(/^type\s+/, '').split(/\s+as\s+/);
      return { text, name, exported };
    });
}

/** The items by what `keyOf` says of each. */
export function groupBy(items, keyOf) {
  const groups = new Map();
  for (const item of items) {
    const key = keyOf(item);
    groups.set(key, [...(groups.get(key) ?? []), item]);
  }
  return groups;
}
