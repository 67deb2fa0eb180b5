/**
 * Gates as `fractional`. Both take the high bits of murmur3 (32 bit, seed 0) over UTF-8 times the number of places, so a
 * gate of so many buckets is a fractional whose weights add up to as many, and the widths are those of its ranges. Other
 * seeds, and more places than weights may have, are withheld.
 */
import {
  completeMatchGate,
  excludedEnd,
  type GateDefinition,
  type GateMatchDefinition,
  parseInstant,
  type RampDefinition,
  type RangeDefinition,
} from '@flagstream/engine';
import { type Attribute, attributeOf, hasText, textOf } from './attribute.ts';
import { and, branches, type Logic, or, variable } from './expression.ts';
import { isInside } from './program.ts';
import { Withheld } from './withheld.ts';

/** Of all weights together. */
const WEIGHT_MAX = 2 ** 31 - 1;
const TIMESTAMP = variable('$flagd.timestamp');
const MS_PER_SECOND = 1_000;

/** A span of places, half-open. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** What a gate without a subject does. */
type WithoutSubject = 'nobody' | 'first' | 'text' | 'error';

export interface GateLogic {
  readonly definition: GateDefinition;
  /** Whether there is something to hash. */
  readonly present: Logic;
  readonly bucketBy: Logic;
  readonly places: number;
  readonly withoutSubject: WithoutSubject;
}

/** @throws Withheld. The gate must be complete. */
export function gateLogic(definition: GateDefinition): GateLogic {
  const { seed = 0, buckets = 0, attributes, prefix = '', suffix = '', contextKind } = definition;
  if (seed !== 0) throw new Withheld('gate', `the seed ${seed}: fractional hashes with seed 0`);
  if (buckets > WEIGHT_MAX) throw new Withheld('gate', `${buckets} buckets: weights add up to less`);
  const names = attributes?.length ? attributes : [''];
  if (definition.combine === 'GATE_COMBINE_JOIN_PRESENT' && names.length > 1)
    throw new Withheld('gate', 'joined attributes: JSONLogic cannot leave out those that are absent');
  checkEnds(definition);
  const read = names.map((name) => attributeOf(name, contextKind));
  const withoutSubject = WITHOUT_SUBJECT[definition.missing ?? 'GATE_MISSING_POLICY_NO_MATCH'] ?? 'nobody';
  const text = firstText(read, withoutSubject === 'text' ? (definition.missingText ?? '') : undefined);
  const parts = [prefix, text, suffix].filter((part) => part !== '');
  return {
    definition,
    present: withoutSubject === 'text' ? true : or(...read.map(hasText)),
    bucketBy: parts.length === 0 ? '' : { cat: parts },
    places: buckets,
    withoutSubject,
  };
}

const BLANK_AT_AN_END = /^[\s\u0085]|[\s\u0085]$/;

/** Go's engine takes blanks away from the ends of joined text. */
function checkEnds({ prefix = '', suffix = '', missing, missingText = '' }: GateDefinition): void {
  const text = missing === 'GATE_MISSING_POLICY_TEXT' ? missingText : 'x';
  if (BLANK_AT_AN_END.test(prefix + text + suffix))
    throw new Withheld('gate', 'blanks at the ends of what is hashed, which engines join differently');
}

const WITHOUT_SUBJECT: Readonly<Record<string, WithoutSubject>> = {
  GATE_MISSING_POLICY_ZERO: 'first',
  GATE_MISSING_POLICY_TEXT: 'text',
  GATE_MISSING_POLICY_ERROR: 'error',
};

/** Of the first attribute that has one; `missing` where none has, undefined where that is asked before. */
function firstText(attributes: readonly Attribute[], missing: string | undefined): Logic {
  const asked = missing === undefined ? attributes.slice(0, -1) : attributes;
  const pairs = asked.map((attribute) => [hasText(attribute), textOf(attribute)] as const);
  return branches(pairs, missing ?? textOf(attributes.at(-1)!));
}

/** The places below a bound in the gate's numbers: whole ones, so that a fraction of one is none. */
function placeOf(bound: number, { definition, places }: GateLogic): number {
  return Math.min(Math.max(Math.ceil(bound) - (definition.offset ?? 0), 0), places);
}

export function spanOf({ from = 0, to = 0 }: RangeDefinition, gate: GateLogic): Span {
  return { from: placeOf(from, gate), to: placeOf(excludedEnd(to, gate.definition), gate) };
}

/** Whether the subject's place is in one of the spans. */
function isIn(gate: GateLogic, spans: readonly Span[]): Logic {
  const ends = [0, gate.places, ...spans.flatMap(({ from, to }) => [from, to])].sort((a, b) => a - b);
  const parts = ends.slice(1).map((end, index) => {
    const start = ends[index]!;
    return { inside: spans.some(({ from, to }) => from <= start && end <= to), width: end - start };
  });
  const placed = isInside(gate.bucketBy, parts);
  if (gate.withoutSubject !== 'first') return and(gate.present, placed);
  const first = spans.some(({ from, to }) => from === 0 && to > 0);
  return branches([[gate.present, placed]], first);
}

/**
 * Whether the match holds the subject. `prefix` seeds a gate that has no seed of its own.
 * @throws Withheld
 */
export function matchLogic(match: GateMatchDefinition, prefix: string): Logic {
  const gate = gateLogic(completeMatchGate(match, prefix));
  if (gate.withoutSubject === 'error')
    throw new Withheld('gate', 'an error without a subject: conditions are true or false');
  if (match.ramp !== undefined) return rampLogic(match.ramp, gate);
  return isIn(
    gate,
    (match.ranges ?? []).map((range) => spanOf(range, gate)),
  );
}

function rampLogic({ steps = [], curve = 'RAMP_CURVE_LINEAR' }: RampDefinition, gate: GateLogic): Logic {
  const moves = steps.some((step, index) => index > 0 && step.to !== steps[index - 1]!.to);
  if (moves && curve === 'RAMP_CURVE_LINEAR')
    throw new Withheld('ramp', 'a linear ramp moves within a second, and engines count whole ones');
  const newestFirst = [...steps].reverse();
  return branches(
    newestFirst.map(({ time = '', to = 0 }) => [
      isSince(parseInstant(time) ?? 0, 'ramp'),
      isIn(gate, [{ from: 0, to: spanOf({ to }, gate).to }]),
    ]),
    false,
  );
}

/**
 * Whether an instant has come. Engines are told whole seconds, so only at the beginning of one is it the same instant.
 * @throws Withheld
 */
export function isSince(instantMs: number, construct: 'ramp' | 'window'): Logic {
  if (instantMs % MS_PER_SECOND !== 0)
    throw new Withheld(construct, 'an instant within a second, and engines count whole ones');
  return { '>=': [TIMESTAMP, instantMs / MS_PER_SECOND] };
}
