/**
 * A split divides subjects among variants by the ranges of a gate.
 *
 * Place on the path: rules and fallthrough. What is evaluated are ranges; a
 * definition that still has weights only, such as a file written by hand, is
 * resolved here exactly as the control plane does before it stores one.
 */
import { LIMITS } from '../limits.ts';
import type { GateDefinition, SplitDefinition, SplitEntryDefinition } from '../model.ts';
import type { Trace } from '../trace.ts';
import type { Condition, Walk } from '../walk.ts';
import { countRanges } from '../weights/owned-spans.ts';
import { resolveWeights } from '../weights/resolve-weights.ts';
import { compileGate } from './compile-gate.ts';
import { completeGate, type Gate, gatePrefixes, NOBODY } from './gate.ts';
import { compileGateMatches, numberMessage } from './gate-match.ts';
import { compileRanges } from './ranges.ts';
import type { Scope } from './scope.ts';

/** No entry: the split holds nobody. */
export const MISS = -1;
/** Numbers per range in Split's list. */
const STRIDE = 3;

export class Split {
  /** Undefined: all entries are held by further gates alone. */
  readonly #gate: Gate | undefined;
  /** [from, to, entry, from, to, entry, ...] in order of entries; no range holds NOBODY but an open one. */
  readonly #ranges: readonly number[];
  /** What a subject must pass before the entries are read. */
  readonly #traffic: readonly Condition[] | undefined;
  /** Further gates by entry. */
  readonly #also: readonly (readonly Condition[])[] | undefined;

  constructor(
    gate: Gate | undefined,
    ranges: readonly number[],
    traffic: readonly Condition[] | undefined,
    also: readonly (readonly Condition[])[] | undefined,
  ) {
    this.#gate = gate;
    this.#ranges = ranges;
    this.#traffic = traffic;
    this.#also = also;
  }

  /** Index of the entry that holds the subject, or MISS. */
  entry(walk: Walk): number {
    if (this.#traffic !== undefined && !allHold(this.#traffic, 'traffic', walk)) return MISS;
    const number = this.#gate === undefined ? NOBODY : this.#gate.number(walk);
    const entry = this.#find(number, walk);
    if (walk.trace !== undefined) this.#explain(walk.trace, number, entry);
    return entry;
  }

  #find(number: number, walk: Walk): number {
    const ranges = this.#ranges;
    // Ranges may overlap: the further gates of an entry are asked once.
    let refused = MISS;
    for (let i = 0; i < ranges.length; i += STRIDE) {
      if (number < ranges[i]! || number >= ranges[i + 1]!) continue;
      const entry = ranges[i + 2]!;
      if (entry === refused) continue;
      if (this.#also === undefined || allHold(this.#also[entry]!, `entries[${entry}].also`, walk))
        return entry;
      refused = entry;
    }
    return MISS;
  }

  #explain(trace: Trace, number: number, entry: number): void {
    if (this.#gate === undefined) return;
    const step = trace.leaf('gate', 'gate', entry !== MISS, numberMessage(number, entry !== MISS));
    step.expected = Array.from({ length: this.#ranges.length / STRIDE }, (_, index) => {
      const [from, to, owner] = this.#ranges.slice(index * STRIDE);
      return to === Number.POSITIVE_INFINITY ? { entry: owner! } : { entry: owner!, from: from!, to: to! };
    });
    if (number !== NOBODY) step.actual = number;
  }
}

function allHold(conditions: readonly Condition[], place: string, walk: Walk): boolean {
  for (let i = 0; i < conditions.length; i += 1) {
    walk.trace?.at(`${place}[${i}]`);
    if (!conditions[i]!.holds(walk)) return false;
  }
  return true;
}

/** Answers undefined after it reported why there is none. */
export function compileSplit(definition: SplitDefinition, path: string, scope: Scope): Split | undefined {
  const prefixes = gatePrefixes(scope.key);
  const gateDefinition = completeGate(definition.gate, prefixes.split);
  const { split, problems } = resolveWeights({ ...definition, gate: gateDefinition });
  for (const problem of problems)
    scope.problems.add(problem.code, `${path}.${problem.path}`, problem.message);
  const entries = split.entries ?? [];
  const shared = entries.some((entry) => !entry.alsoAlone);
  const gate = shared ? compileGate(gateDefinition, `${path}.gate`, scope) : undefined;
  refuseSticky(split, path, scope);
  const traffic = split.traffic?.length
    ? compileGateMatches(split.traffic, `${path}.traffic`, prefixes.traffic, scope)
    : undefined;
  if (entries.length === 0) {
    scope.problems.add('MISSING_FIELD', `${path}.entries`, 'A split needs at least one entry.');
  }
  scope.problems.limit(`${path}.entries`, 'Entries of a split', entries.length, LIMITS.entriesPerSplit);
  scope.problems.limit(`${path}.entries`, 'Ranges of a split', countRanges(split), LIMITS.rangesPerSplit);
  const ranges = flatRanges(entries, gateDefinition, path, scope);
  const also = entries.some((entry) => entry.also?.length)
    ? entries.map((entry, index) =>
        compileGateMatches(entry.also ?? [], `${path}.entries[${index}].also`, prefixes.also, scope),
      )
    : undefined;
  return shared && gate === undefined ? undefined : new Split(gate, ranges, traffic, also);
}

function refuseSticky(split: SplitDefinition, path: string, scope: Scope): void {
  if (split.sticky === undefined) return;
  scope.problems.add(
    'NOT_BUILT',
    `${path}.sticky`,
    'A remembered assignment is refused: an answer depends on the record, the context and the instant alone.',
  );
}

function checkAlsoAlone(entry: SplitEntryDefinition, path: string, scope: Scope): void {
  if (entry.weight || entry.ranges?.length) {
    const message = 'An entry that its further gates hold alone has neither weight nor ranges.';
    scope.problems.add('BAD_SPLIT', `${path}.alsoAlone`, message);
  }
  if (!entry.also?.length) {
    scope.problems.add('MISSING_FIELD', `${path}.also`, 'At least one further gate is needed.');
  }
}

function flatRanges(
  entries: readonly SplitEntryDefinition[],
  gate: GateDefinition,
  path: string,
  scope: Scope,
): readonly number[] {
  const flat: number[] = [];
  entries.forEach((entry, index) => {
    if (entry.alsoAlone) {
      checkAlsoAlone(entry, `${path}.entries[${index}]`, scope);
      flat.push(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, index);
      return;
    }
    const bounds = compileRanges(entry.ranges ?? [], gate, `${path}.entries[${index}].ranges`, scope);
    for (let i = 0; i < bounds.length; i += 2) flat.push(bounds[i]!, bounds[i + 1]!, index);
  });
  return scope.pool.numbers(flat);
}
