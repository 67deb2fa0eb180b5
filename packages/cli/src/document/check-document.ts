/**
 * Checks a parsed file against the message type of our documents: unknown
 * fields, wrong types and unknown words, each with its path, line and column.
 * What the definitions mean is not judged here: the control plane compiles them.
 */

import { type DescEnum, type DescField, type DescMessage, ScalarType } from '@bufbuild/protobuf';
import { parseInstant } from '@flagstream/engine';
import { didYouMean, nearestWord } from '@flagstream/protocol';
import { isAlias, isMap, isScalar, isSeq, type LineCounter, type Node, type Pair } from 'yaml';
import type { DocumentProblem } from './document-problem.ts';
import { uint32Max } from './document-type.ts';
import type { YamlDocument } from './parse-text.ts';

/** Deeper than the deepest definition that compiles, and far from the stack's end. */
const DEPTH_MAX = 100;
/** The same for JSON values, which JSONLogic nests deepest. */
const JSON_DEPTH_MAX = 200;
/** Aliases can make a small file describe a huge one. */
const NODES_MAX = 5_000_000;
/** Aliases that are followed: each is looked for in the whole document. */
const ALIASES_MAX = 10_000;
const PROBLEMS_MAX = 200;
const ANY_JSON = new Set(['google.protobuf.Value', 'google.protobuf.Struct', 'google.protobuf.ListValue']);
const TIMESTAMP = 'google.protobuf.Timestamp';

/** All problems of one document, in the order of the text. */
export function checkDocument(
  file: string,
  document: YamlDocument,
  lines: LineCounter,
  type: DescMessage,
): readonly DocumentProblem[] {
  const checker = new Checker(file, document, lines);
  checker.message(document.contents, type, '', 0);
  return checker.problems;
}

type MaybeNode = Node | null | undefined;
/** A scalar, or the list or map of them. */
type ScalarField = DescField & { readonly scalar: ScalarType };

class Checker {
  readonly problems: DocumentProblem[] = [];
  readonly #file: string;
  readonly #document: YamlDocument;
  readonly #lines: LineCounter;
  #nodes = 0;
  #aliases = 0;
  #isTooMuch = false;

  constructor(file: string, document: YamlDocument, lines: LineCounter) {
    this.#file = file;
    this.#document = document;
    this.#lines = lines;
  }

  message(written: MaybeNode, type: DescMessage, path: string, depth: number): void {
    const node = this.#enter(written, path, depth);
    if (node === undefined) return;
    if (ANY_JSON.has(type.typeName)) {
      this.#json(node, path, 0);
      return;
    }
    if (type.typeName === TIMESTAMP) {
      this.#timestamp(node, path);
      return;
    }
    if (!isMap(node)) {
      this.#add(node, path, `must be a mapping of fields, not ${wordFor(node)}`);
      return;
    }
    const seen = new Map<DescField, string>();
    for (const pair of node.items) this.#member(pair as Pair<Node, Node | null>, type, path, depth, seen);
    this.#oneofs(node, type, path, seen);
  }

  #member(
    pair: Pair<Node, Node | null>,
    type: DescMessage,
    path: string,
    depth: number,
    seen: Map<DescField, string>,
  ): void {
    const name = keyText(pair.key);
    const field = type.fields.find((each) => each.jsonName === name || each.name === name);
    if (field === undefined) {
      const names = type.fields.map((each) => each.jsonName);
      this.#add(
        pair.key,
        join(path, name),
        `is not a field of ${type.name}${didYouMean(name, names)}; fields are ${names.join(', ')}`,
      );
      return;
    }
    if (seen.has(field))
      this.#add(pair.key, join(path, name), `stands here twice, also as ${seen.get(field)}`);
    seen.set(field, name);
    if (!isEmpty(pair.value) || field.message?.typeName === 'google.protobuf.Value')
      this.#field(pair.value, field, join(path, name), depth + 1);
    else seen.delete(field);
  }

  #field(written: MaybeNode, field: DescField, path: string, depth: number): void {
    switch (field.fieldKind) {
      case 'scalar':
        this.#scalar(written, field, path, depth);
        return;
      case 'enum':
        this.#enum(written, field.enum, path, depth);
        return;
      case 'message':
        this.message(written, field.message, path, depth);
        return;
      case 'list':
        this.#list(written, field, path, depth);
        return;
      case 'map':
        this.#map(written, field, path, depth);
    }
  }

  #list(written: MaybeNode, field: DescField & { fieldKind: 'list' }, path: string, depth: number): void {
    const node = this.#enter(written, path, depth);
    if (node === undefined) return;
    if (!isSeq(node)) {
      this.#add(node, path, `must be a list, not ${wordFor(node)}`);
      return;
    }
    node.items.forEach((item, i) => {
      this.#element(item as MaybeNode, field, `${path}[${i}]`, depth + 1);
    });
  }

  #map(written: MaybeNode, field: DescField & { fieldKind: 'map' }, path: string, depth: number): void {
    const node = this.#enter(written, path, depth);
    if (node === undefined) return;
    if (!isMap(node)) {
      this.#add(node, path, `must be a mapping, not ${wordFor(node)}`);
      return;
    }
    for (const pair of node.items as Pair<Node, Node | null>[])
      this.#element(pair.value, field, join(path, keyText(pair.key)), depth + 1);
  }

  #element(
    written: MaybeNode,
    field: DescField & { fieldKind: 'list' | 'map' },
    path: string,
    depth: number,
  ): void {
    if (field.message !== undefined) this.message(written, field.message, path, depth);
    else if (field.enum !== undefined) this.#enum(written, field.enum, path, depth);
    else this.#scalar(written, field, path, depth);
  }

  #scalar(written: MaybeNode, field: ScalarField, path: string, depth: number): void {
    const node = this.#enter(written, path, depth);
    if (node === undefined) return;
    const problem = scalarProblem(isScalar(node) ? node.value : node, field);
    if (problem !== undefined) this.#add(node, path, `${problem}, not ${wordFor(node)}`);
  }

  #enum(written: MaybeNode, type: DescEnum, path: string, depth: number): void {
    const node = this.#enter(written, path, depth);
    if (node === undefined) return;
    const names = type.values.map((value) => value.name);
    const value = isScalar(node) ? node.value : undefined;
    if (typeof value === 'string' && names.includes(value)) return;
    // The zero name says nothing: it is accepted and never proposed.
    const useful = type.values.filter(({ number }) => number !== 0).map(({ name }) => name);
    const meant = typeof value === 'string' ? enumHint(value, type, useful) : '';
    this.#add(node, path, `must be one of ${useful.join(', ')}, not ${wordFor(node)}${meant}`);
  }

  /** What stands for any JSON: its size and depth, aliases followed, and its numbers. */
  #json(node: Node, path: string, depth: number): void {
    if (isScalar(node) && typeof node.value === 'number' && !Number.isFinite(node.value)) {
      this.#add(node, path, 'must be a number that a double can hold');
    } else if (isSeq(node)) {
      node.items.forEach((item, i) => {
        this.#jsonMember(item as MaybeNode, `${path}[${i}]`, depth + 1);
      });
    } else if (isMap(node)) {
      for (const { key, value } of node.items as Pair<Node, Node | null>[])
        this.#jsonMember(value, join(path, keyText(key)), depth + 1);
    }
  }

  #jsonMember(written: MaybeNode, path: string, depth: number): void {
    if (written === null || written === undefined) return;
    const node = this.#enter(written, path, depth, JSON_DEPTH_MAX);
    if (node !== undefined) this.#json(node, path, depth);
  }

  #timestamp(node: Node, path: string): void {
    const value = isScalar(node) ? node.value : undefined;
    const valid = typeof value === 'string' && parseInstant(value) !== undefined;
    if (!valid) this.#add(node, path, `must be a time such as 2026-12-24T18:00:00Z, not ${wordFor(node)}`);
  }

  #oneofs(node: Node, type: DescMessage, path: string, seen: ReadonlyMap<DescField, string>): void {
    for (const oneof of type.oneofs) {
      const given = oneof.fields.filter((field) => seen.has(field)).map((field) => field.jsonName);
      if (given.length > 1) this.#add(node, path, `has ${given.join(' and ')}: only one of them can be`);
    }
  }

  /** The node behind an alias; undefined where there is nothing to check. */
  #enter(written: MaybeNode, path: string, depth: number, depthMax: number = DEPTH_MAX): Node | undefined {
    if (this.#isTooMuch) return undefined;
    this.#nodes += 1;
    if (isAlias(written)) this.#aliases += 1;
    this.#isTooMuch = this.#nodes > NODES_MAX || this.#aliases > ALIASES_MAX;
    if (this.#isTooMuch || depth > depthMax) {
      this.#add(written, path, 'is nested too deeply, or describes too much');
      return undefined;
    }
    const node = isAlias(written) ? written.resolve(this.#document) : written;
    if (node !== null && node !== undefined) return node;
    this.#add(written, path, 'must not be empty');
    return undefined;
  }

  #add(node: MaybeNode, path: string, message: string): void {
    if (this.problems.length >= PROBLEMS_MAX) return;
    const offset = node?.range?.[0];
    const place = offset === undefined ? undefined : this.#lines.linePos(offset);
    this.problems.push({
      file: this.#file,
      ...(place === undefined ? {} : { line: place.line, column: place.col }),
      path,
      message,
    });
  }
}

function scalarProblem(value: unknown, field: ScalarField): string | undefined {
  switch (field.scalar) {
    case ScalarType.STRING:
      if (typeof value === 'string') return undefined;
      return typeof value === 'object' ? 'must be text' : 'must be text (write it in quotes)';
    case ScalarType.BOOL:
      return typeof value === 'boolean' ? undefined : 'must be true or false';
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      return typeof value === 'number' ? undefined : 'must be a number';
    case ScalarType.BYTES:
      return typeof value === 'string' ? undefined : 'must be base64 text';
    case ScalarType.UINT32: {
      const max = uint32Max(field);
      return isWhole(value) && value <= max ? undefined : `must be a whole number from 0 to ${max}`;
    }
    default:
      return isWhole(value) || (typeof value === 'string' && /^\d+$/.test(value))
        ? undefined
        : 'must be a whole number';
  }
}

/** Names are mistaken, and also left without the prefix that all of them share: "boolean", "Boolean". */
function enumHint(value: string, { sharedPrefix = '' }: DescEnum, names: readonly string[]): string {
  const shortNames = names.map((name) => name.slice(sharedPrefix.length));
  const short = nearestWord(value, shortNames);
  return short === undefined
    ? didYouMean(value, names)
    : ` (did you mean ${names[shortNames.indexOf(short)]}?)`;
}

function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** An absent value, or null: the field is not set. */
function isEmpty(node: Node | null): boolean {
  return node === null || (isScalar(node) && node.value === null);
}

function keyText(key: Node): string {
  return isScalar(key) ? String(key.value) : String(key);
}

/** Keys that hold dots or brackets stand in quotes, so that the path is unambiguous. */
function join(path: string, name: string): string {
  const step = /^[\w-]+$/.test(name) ? name : JSON.stringify(name);
  return path === '' ? step : `${path}.${step}`;
}

function wordFor(node: Node): string {
  if (isMap(node)) return 'a mapping';
  if (isSeq(node)) return 'a list';
  const text = isScalar(node) ? (JSON.stringify(node.value) ?? 'nothing') : 'nothing';
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
