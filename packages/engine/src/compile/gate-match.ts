/**
 * Asks whether a subject's number lies in some ranges of a gate, or below the
 * bound of a ramp.
 *
 * Place on the path: conditions, a split's traffic, and further gates of its
 * entries.
 */
import { LIMITS } from '../limits.ts';
import type { GateDefinition, GateMatchDefinition, JsonValue } from '../model.ts';
import type { Condition, Walk } from '../walk.ts';
import { compileGate } from './compile-gate.ts';
import { NEVER } from './fixed-condition.ts';
import { completeMatchGate, type Gate, NOBODY } from './gate.ts';
import { compileRamp, type Ramp } from './ramp.ts';
import { compileRanges, excludedEnd } from './ranges.ts';
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

class RampMatch implements Condition {
  readonly #gate: Gate;
  readonly #ramp: Ramp;
  /** What the bound's policies are read from. */
  readonly #definition: GateDefinition;
  /** Path segment below the place that holds the match. */
  readonly #segment: string;

  constructor(gate: Gate, ramp: Ramp, definition: GateDefinition, segment: string) {
    this.#gate = gate;
    this.#ramp = ramp;
    this.#definition = definition;
    this.#segment = segment;
  }

  holds(walk: Walk): boolean {
    const bound = this.#ramp.bound(walk.nowMs);
    const number = this.#gate.number(walk);
    const matched = bound !== undefined && number !== NOBODY && number < excludedEnd(bound, this.#definition);
    if (walk.trace !== undefined) {
      const message = bound === undefined ? 'The ramp has not begun.' : numberMessage(number, matched);
      const step = walk.trace.leaf('gate', this.#segment, matched, message);
      step.expected = bound === undefined ? [] : [{ from: 0, to: bound }];
      if (number !== NOBODY) step.actual = number;
    }
    return matched;
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
  const definition = completeMatchGate(match, prefix);
  scope.problems.limit(`${path}.group`, 'Characters of a group', match.group?.length ?? 0, LIMITS.groupChars);
  const gate = compileGate(definition, `${path}.gate`, scope);
  if (match.ramp !== undefined && match.ranges?.length) {
    scope.problems.add('BAD_RANGE', `${path}.ramp`, 'Either ranges or a ramp is given, not both.');
  }
  if (match.ramp !== undefined) {
    const ramp = compileRamp(match.ramp, definition, `${path}.ramp`, scope);
    return gate && ramp ? new RampMatch(gate, ramp, definition, segment) : NEVER;
  }
  if (!match.ranges?.length) {
    scope.problems.add('MISSING_FIELD', `${path}.ranges`, 'At least one range, or a ramp, is needed.');
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
