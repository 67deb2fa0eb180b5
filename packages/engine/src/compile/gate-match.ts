/**
 * Asks whether a subject's number lies in some ranges of a gate.
 *
 * Place on the path: conditions, a split's traffic, and further gates of its
 * entries.
 */
import { LIMITS } from '../limits.ts';
import type { GateMatchDefinition, JsonValue } from '../model.ts';
import type { Condition, Walk } from '../walk.ts';
import { compileGate } from './compile-gate.ts';
import { NEVER } from './fixed-condition.ts';
import { completeGate, type Gate, NOBODY } from './gate.ts';
import { compileRanges } from './ranges.ts';
import type { Scope } from './scope.ts';

class GateMatch implements Condition {
  readonly #gate: Gate;
  /** [from, to, from, to, ...], half-open. */
  readonly #bounds: readonly number[];
  /** Path segment below the place that holds the match. */
  readonly #segment: string;

  constructor(gate: Gate, bounds: readonly number[], segment: string) {
    this.#gate = gate;
    this.#bounds = bounds;
    this.#segment = segment;
  }

  holds(walk: Walk): boolean {
    const number = this.#gate.number(walk);
    const matched = number !== NOBODY && this.#contains(number);
    if (walk.trace !== undefined) {
      const step = walk.trace.leaf('gate', this.#segment, matched, numberMessage(number, matched));
      step.expected = this.#shownRanges();
      if (number !== NOBODY) step.actual = number;
    }
    return matched;
  }

  #shownRanges(): JsonValue {
    return Array.from({ length: this.#bounds.length / 2 }, (_, index) => {
      const [from, to] = this.#bounds.slice(index * 2);
      return { from: from!, to: to! };
    });
  }

  #contains(number: number): boolean {
    const bounds = this.#bounds;
    for (let i = 0; i < bounds.length; i += 2) {
      if (number >= bounds[i]! && number < bounds[i + 1]!) return true;
    }
    return false;
  }
}

export function numberMessage(number: number, matched: boolean): string {
  if (number === NOBODY) return 'The context has no value to hash, so the subject is in no range.';
  return `The subject's number ${number} is ${matched ? 'inside' : 'outside'} the ranges.`;
}

/** `prefix` seeds a gate that has no seed of its own; `segment` is "gate" in a condition, "" in a list. */
export function compileGateMatch(
  match: GateMatchDefinition,
  path: string,
  segment: string,
  prefix: string,
  scope: Scope,
): Condition {
  const definition = completeGate(match.gate, prefix);
  const gate = compileGate(definition, `${path}.gate`, scope);
  if (!match.ranges?.length) {
    scope.problems.add('MISSING_FIELD', `${path}.ranges`, 'At least one range is needed.');
  }
  const bounds = compileRanges(match.ranges ?? [], definition, `${path}.ranges`, scope);
  return gate === undefined ? NEVER : new GateMatch(gate, bounds, segment);
}

/** A list of matches that must all hold. */
export function compileGateMatches(
  matches: readonly GateMatchDefinition[],
  path: string,
  prefix: string,
  scope: Scope,
): readonly Condition[] {
  scope.problems.limit(path, 'Gates', matches.length, LIMITS.gatesPerList);
  return matches.map((match, index) => compileGateMatch(match, `${path}[${index}]`, '', prefix, scope));
}
