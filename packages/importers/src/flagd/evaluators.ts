/**
 * `$evaluators`: named parts of targeting rules, and their substitution for
 * `{"$ref": NAME}`.
 *
 * Place on the path: before a flag is read. What holds: as in flagd, which
 * replaces text, a reference counts wherever it stands in a flag, as long as
 * nothing stands beside it; whatever the evaluator is takes its place; and an
 * unknown name stays (the rule then fails when it is evaluated). Unlike flagd,
 * whose answer to it is chance, a reference inside an evaluator is followed.
 * The result is bounded in depth and size, whatever refers to what how often.
 */
import type { JsonObject, JsonValue } from '@flagstream/engine';
import { placeIn } from '../json-shape.ts';

/** Deeper than any expression that compiles, and far from the stack's end. */
const DEPTH_MAX = 200;
/** Values of one flag after substitution: a hundred times what compiles. */
const VALUES_MAX = 100_000;
const REFERENCE = '$ref';
const EVALUATORS = '$evaluators';
/** In flagd's text these are escaped, so that a name with one of them is never found. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for.
const ESCAPED = /[<>&"\\\u0000-\u001f\u2028\u2029]/;

/** Why a flag cannot be taken over. */
export interface Obstacle {
  readonly path: string;
  readonly construct: string;
  readonly reason: string;
}

interface Expanded {
  readonly value: JsonValue;
  /** Values inside, itself included, as if nothing were shared. */
  readonly values: number;
  /** Levels of nesting below. */
  readonly depth: number;
}

type Unknown = (path: string, name: string) => void;

type Resolved = Expanded | { readonly reason: string };

export class Evaluators {
  readonly #written: ReadonlyMap<string, JsonValue>;
  readonly #resolved = new Map<string, Resolved>();
  /** Being resolved: one that comes up again refers to itself. */
  readonly #open = new Set<string>();
  readonly #unknown: Unknown;

  /** @param unknown hears of each reference to what is no evaluator, once */
  constructor(evaluators: JsonObject, unknown: Unknown) {
    this.#written = new Map(Object.entries(evaluators));
    this.#unknown = unknown;
  }

  /** The value without references to evaluators, or the first thing that stands in the way. */
  substitute(
    value: JsonValue,
    path: string,
  ): { readonly value: JsonValue } | { readonly obstacle: Obstacle } {
    const expansion = new Expansion((name) => this.#resolve(name), this.#unknown);
    const expanded = expansion.expand(value, path, 0);
    return expansion.obstacle === undefined ? { value: expanded.value } : { obstacle: expansion.obstacle };
  }

  #resolve(name: string): Resolved | undefined {
    const written = this.#written.get(name);
    if (written === undefined || ESCAPED.test(name)) return undefined;
    let resolved = this.#resolved.get(name);
    if (resolved === undefined) {
      if (this.#open.has(name)) return { reason: `The evaluator "${name}" refers to itself.` };
      this.#open.add(name);
      resolved = this.#expand(written, placeIn(EVALUATORS, name));
      this.#open.delete(name);
      this.#resolved.set(name, resolved);
    }
    return resolved;
  }

  #expand(written: JsonValue, path: string): Resolved {
    const expansion = new Expansion((inner) => this.#resolve(inner), this.#unknown);
    const expanded = expansion.expand(written, path, 0);
    return expansion.obstacle === undefined ? expanded : { reason: expansion.obstacle.reason };
  }
}

const NOTHING: Expanded = { value: null, values: 1, depth: 0 };

/** One walk through one value. After the first obstacle it only ends. */
class Expansion {
  obstacle: Obstacle | undefined;
  readonly #resolve: (name: string) => Resolved | undefined;
  readonly #unknown: Unknown;
  #values = 0;

  constructor(resolve: (name: string) => Resolved | undefined, unknown: Unknown) {
    this.#resolve = resolve;
    this.#unknown = unknown;
  }

  expand(value: JsonValue, path: string, depth: number): Expanded {
    if (this.obstacle !== undefined) return NOTHING;
    this.#values += 1;
    if (this.#values > VALUES_MAX)
      return this.#stop(path, 'size', `The flag holds more than ${VALUES_MAX} values.`);
    if (typeof value === 'number' && !Number.isFinite(value))
      return this.#stop(path, 'number', 'A number is larger than a double can hold.');
    if (typeof value !== 'object' || value === null) return { value, values: 1, depth: 0 };
    if (depth >= DEPTH_MAX) return this.#stop(path, 'nesting', `Values are nested deeper than ${DEPTH_MAX}.`);
    return Array.isArray(value)
      ? this.#list(value as readonly JsonValue[], path, depth)
      : this.#object(value as JsonObject, path, depth);
  }

  #list(list: readonly JsonValue[], path: string, depth: number): Expanded {
    const items = list.map((item, index) => this.expand(item, placeIn(path, index), depth + 1));
    return { value: items.map(({ value }) => value), ...measure(items) };
  }

  #object(object: JsonObject, path: string, depth: number): Expanded {
    const name = referenceIn(object);
    const referred = name === undefined ? undefined : this.#resolve(name);
    if (referred !== undefined) return this.#referred(referred, placeIn(path, REFERENCE), depth);
    if (name !== undefined) this.#unknown(placeIn(path, REFERENCE), name);
    const members = Object.entries(object).map(
      ([key, value]) => [key, this.expand(value, placeIn(path, key), depth + 1)] as const,
    );
    return {
      // fromEntries defines own members, so a name "__proto__" stays data.
      value: Object.fromEntries(members.map(([key, { value }]) => [key, value])),
      ...measure(members.map(([, expanded]) => expanded)),
    };
  }

  #referred(referred: Resolved, path: string, depth: number): Expanded {
    if ('reason' in referred) return this.#stop(path, REFERENCE, referred.reason);
    this.#values += referred.values;
    if (this.#values > VALUES_MAX || depth + referred.depth > DEPTH_MAX)
      return this.#stop(path, REFERENCE, 'What the evaluators make of it is too large.');
    return referred;
  }

  #stop(path: string, construct: string, reason: string): Expanded {
    this.obstacle ??= { path, construct, reason };
    return NOTHING;
  }
}

function referenceIn(object: JsonObject): string | undefined {
  const name = object[REFERENCE];
  return typeof name === 'string' && Object.keys(object).length === 1 ? name : undefined;
}

function measure(parts: readonly { readonly values: number; readonly depth: number }[]): {
  values: number;
  depth: number;
} {
  let values = 1;
  let depth = 0;
  for (const part of parts) {
    values += part.values;
    depth = Math.max(depth, part.depth + 1);
  }
  return { values, depth };
}
