/**
 * Parts that the entities of one compile run share. Thousands of flags read the
 * same few attributes, compare the same few values and split by the same
 * ranges: sharing makes a set smaller, and what is shared stays in the caches
 * while flags are asked for at random.
 *
 * Place on the path: made per compile run, used through Scope. What holds:
 * compiled parts never change, so nobody sees that a part is shared.
 */
import { type AttributePath, parseAttribute } from '../attribute-path.ts';
import type { ProblemList } from '../problem.ts';
import type { Condition } from '../walk.ts';
import type { GateForm } from './gate.ts';

/** Longer lists are rarely alike, and their shapes are long keys. */
const SHARED_ITEMS = 32;

/** A comparison and its worst-case steps. */
export interface CompiledComparison {
  readonly condition: Condition;
  readonly steps: number;
}

export class PartPool {
  /** By the JSON of the definition. */
  readonly comparisons: Map<string, CompiledComparison> = new Map();
  /** By the JSON of the definition without its prefix. */
  readonly gateForms: Map<string, GateForm> = new Map();
  readonly #attributes = new Map<string, AttributePath>();
  readonly #names = new Map<string, readonly string[]>();
  readonly #numbers = new Map<string, readonly number[]>();

  /** Reports a bad path, each time that it is used. `kind` "" is the whole context. */
  attribute(attribute: string, kind: string, path: string, problems: ProblemList): AttributePath {
    // The length keeps kind and attribute apart, whatever they contain.
    const text = `${kind.length} ${kind}${attribute}`;
    const known = this.#attributes.get(text);
    if (known !== undefined) return known;
    let good = true;
    const parsed = parseAttribute(attribute, kind, path, {
      add: (...problem) => {
        good = false;
        problems.add(...problem);
      },
    });
    if (good) this.#attributes.set(text, parsed);
    return parsed;
  }

  names(names: readonly string[]): readonly string[] {
    return shared(this.#names, names, JSON.stringify);
  }

  numbers(numbers: readonly number[]): readonly number[] {
    return shared(this.#numbers, numbers, String);
  }
}

function shared<Item>(
  pool: Map<string, readonly Item[]>,
  items: readonly Item[],
  shapeOf: (items: readonly Item[]) => string,
): readonly Item[] {
  const few = items.length <= SHARED_ITEMS;
  const known = few ? pool.get(shapeOf(items)) : undefined;
  if (known !== undefined) return known;
  // A copy has no spare capacity.
  const copy = items.slice();
  if (few) pool.set(shapeOf(items), copy);
  return copy;
}
