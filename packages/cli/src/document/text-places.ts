/**
 * Where the fields of a document stand in its text: a path, as problems name
 * it, to a line and a column. For problems that are found when the text has
 * long become definitions.
 */
import { isMap, isScalar, isSeq, type LineCounter, type Node, type Pair } from 'yaml';
import type { FilePlace } from './document-problem.ts';
import type { YamlDocument } from './parse-text.ts';

/** "[3]", a key in quotes, or a bare key. */
const STEP = /\[(\d+)\]|"((?:[^"\\]|\\.)*)"|[^.[\]"]+/g;

export class TextPlaces {
  readonly #file: string;
  readonly #document: YamlDocument;
  readonly #lines: LineCounter;

  constructor(file: string, document: YamlDocument, lines: LineCounter) {
    this.#file = file;
    this.#document = document;
    this.#lines = lines;
  }

  /**
   * The place of the value at this path. Where the text ends earlier, as for a
   * field that is missing or stands behind an alias, the last value on the way.
   */
  at(path: string): FilePlace {
    let node: Node | null = this.#document.contents;
    for (const step of path.matchAll(STEP)) {
      const next = below(node, step);
      if (next === undefined) break;
      node = next;
    }
    const offset = node?.range?.[0];
    if (offset === undefined) return { file: this.#file };
    const { line, col } = this.#lines.linePos(offset);
    return { file: this.#file, line, column: col };
  }
}

function below(node: Node | null, [step, index, quoted]: RegExpMatchArray): Node | undefined {
  if (isSeq(node) && index !== undefined) return (node.items[Number(index)] as Node | null) ?? undefined;
  if (!isMap(node) || index !== undefined) return undefined;
  const name = quoted === undefined ? step : (JSON.parse(step) as string);
  const pairs = node.items as Pair<Node, Node | null>[];
  // Fields may be written as in the proto files, too; problems name them as in JSON.
  const pair =
    // Of a name that stands there twice, as JSON may have it, the last one counts.
    pairs.findLast(({ key }) => keyText(key) === name) ??
    pairs.findLast(({ key }) => jsonName(keyText(key)) === name);
  return pair?.value ?? pair?.key;
}

function keyText(key: Node): string {
  return isScalar(key) ? String(key.value) : '';
}

function jsonName(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
