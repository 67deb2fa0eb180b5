/**
 * sem_ver: [version, relation, version].
 *
 * Versions may lack their minor and patch numbers and start with v; build
 * metadata does not count; numbers are of any size. "^" and "~" compare the
 * major, or the major and minor numbers, and nothing else.
 */
import { isJsonArray } from '../../json-array.ts';
import type { JsonValue } from '../../model.ts';
import type { Expression, Run } from '../expression.ts';
import type { ExpressionOperator } from '../operator-table.ts';
import { valueOperator } from '../value-operator.ts';

interface Version {
  /** Major, minor and patch number as digits without leading zeros. */
  readonly numbers: readonly [string, string, string];
  /** Empty: a release. */
  readonly preRelease: readonly string[];
}

type VersionRelation = (a: Version, b: Version) => boolean;

const NUMBER = '(0|[1-9][0-9]*)';
const IDENTIFIER = '(?:0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)';
const VERSION = new RegExp(
  `^[vV]?${NUMBER}(?:\\.${NUMBER}(?:\\.${NUMBER}(?:-(${IDENTIFIER}(?:\\.${IDENTIFIER})*))?(?:\\+[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*)?)?)?$`,
);
/** Longer text is no version: reading it must not cost more than a step. */
const VERSION_CHARS = 256;

/** A flagd server writes numbers from here on with an exponent, which no version has. */
const EXPONENT_FROM = 1e6;

function numberText(value: number): string | undefined {
  return value < EXPONENT_FROM && !Object.is(value, -0) ? String(value) : undefined;
}

function parseVersion(value: JsonValue): Version | undefined {
  const text = typeof value === 'number' ? numberText(value) : value;
  if (typeof text !== 'string' || text.length > VERSION_CHARS) return undefined;
  const match = VERSION.exec(text);
  if (match === null) return undefined;
  const [, major = '0', minor = '0', patch = '0', preRelease] = match;
  return { numbers: [major, minor, patch], preRelease: preRelease?.split('.') ?? [] };
}

function compareNumbers(a: string, b: string): number {
  return a.length - b.length || compareText(a, b);
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function compareVersions(a: Version, b: Version): number {
  for (let i = 0; i < a.numbers.length; i += 1) {
    const order = compareNumbers(a.numbers[i]!, b.numbers[i]!);
    if (order !== 0) return order;
  }
  return comparePreReleases(a.preRelease, b.preRelease);
}

/** A release comes after its pre-releases. */
function comparePreReleases(a: readonly string[], b: readonly string[]): number {
  if (a.length === 0 || b.length === 0) return b.length - a.length;
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i += 1) {
    const order = compareIdentifiers(a[i]!, b[i]!);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

/** Numbers come before words. */
function compareIdentifiers(a: string, b: string): number {
  const isNumberA = /^[0-9]+$/.test(a);
  const isNumberB = /^[0-9]+$/.test(b);
  if (isNumberA && isNumberB) return compareNumbers(a, b);
  if (isNumberA !== isNumberB) return isNumberA ? -1 : 1;
  return compareText(a, b);
}

const sameMajor: VersionRelation = (a, b) => a.numbers[0] === b.numbers[0];

const RELATIONS: ReadonlyMap<JsonValue, VersionRelation> = new Map<JsonValue, VersionRelation>([
  ['=', (a, b) => compareVersions(a, b) === 0],
  ['!=', (a, b) => compareVersions(a, b) !== 0],
  ['<', (a, b) => compareVersions(a, b) < 0],
  ['<=', (a, b) => compareVersions(a, b) <= 0],
  ['>', (a, b) => compareVersions(a, b) > 0],
  ['>=', (a, b) => compareVersions(a, b) >= 0],
  ['^', sameMajor],
  ['~', (a, b) => sameMajor(a, b) && a.numbers[1] === b.numbers[1]],
]);

/** Null when something is no version or no relation. */
function compare(a: Version | undefined, relation: JsonValue, b: Version | undefined): boolean | null {
  const test = RELATIONS.get(relation);
  return a === undefined || b === undefined || test === undefined ? null : test(a, b);
}

/** Against a version written in the expression, parsed once. */
class WrittenVersion implements Expression {
  readonly #actual: Expression;
  readonly #relation: JsonValue;
  readonly #version: Version | undefined;

  constructor(actual: Expression, relation: JsonValue, version: Version | undefined) {
    this.#actual = actual;
    this.#relation = relation;
    this.#version = version;
  }

  evaluate(data: JsonValue, run: Run): boolean | null {
    return compare(parseVersion(this.#actual.evaluate(data, run)), this.#relation, this.#version);
  }
}

const anyVersions = valueOperator('sem_ver', 'takes two versions and a relation.', (argument) => {
  if (!isJsonArray(argument) || argument.length !== 3) return null;
  const [a = null, relation = null, b = null] = argument;
  return compare(parseVersion(a), relation, parseVersion(b));
});

export const semanticVersion: ExpressionOperator = {
  name: 'sem_ver',
  compile(argument, compiler) {
    const isTriple = isJsonArray(argument) && argument.length === 3;
    if (isTriple && typeof argument[1] === 'string' && typeof argument[2] === 'string') {
      return new WrittenVersion(compiler.compile(argument[0]!), argument[1], parseVersion(argument[2]));
    }
    return anyVersions.compile(argument, compiler);
  },
};
