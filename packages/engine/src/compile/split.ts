/**
 * A split divides subjects among variants by the ranges of a gate.
 *
 * Place on the path: rules and fallthrough. What is evaluated are ranges; a
 * definition that still has weights only, such as a file written by hand, is
 * resolved here exactly as the control plane does before it stores one.
 */
import { LIMITS } from '../limits.ts';
import type { GateDefinition, GateMatchDefinition, SplitDefinition, SplitEntryDefinition } from '../model.ts';
import type { ConditionTest, Walk } from '../walk.ts';
import { resolveWeights } from '../weights/resolve-weights.ts';
import { type Bucket, bucketMessage, compileGate, compileGateMatch, completeGate, NOBODY } from './gate.ts';
import { compileRanges } from './ranges.ts';
import type { Scope } from './scope.ts';

/** Index of the entry that holds the subject, or NOBODY. */
export type Choice = (walk: Walk) => number;

/** Seeds of authored gates by their role: two gates of one flag must not share one unless told to. */
export function gatePrefixes(flagKey: string): { split: string; traffic: string; also: string } {
  return { split: `${flagKey}.`, traffic: `${flagKey}.traffic.`, also: `${flagKey}.also.` };
}

interface Entries {
  /** [from, to, from, to, ...] in order of entries. */
  readonly bounds: readonly number[];
  /** Entry of each pair. */
  readonly owners: readonly number[];
  /** Further gates by entry; undefined when no entry has any. */
  readonly also: readonly (readonly ConditionTest[])[] | undefined;
}

export function compileSplit(definition: SplitDefinition, path: string, scope: Scope): Choice {
  const prefixes = gatePrefixes(scope.key);
  const gate = completeGate(definition.gate, prefixes.split);
  const resolved = resolveWeights({ ...definition, gate });
  for (const problem of resolved.problems) {
    scope.problems.add(problem.code, `${path}.${problem.path}`, problem.message);
  }
  const { split } = resolved;
  const bucket = compileGate(gate, `${path}.gate`, scope);
  const traffic = compileGates(split.traffic ?? [], `${path}.traffic`, scope, prefixes.traffic);
  const entries = compileEntries(split.entries ?? [], gate, `${path}.entries`, scope, prefixes.also);
  const choose: Choice = (walk) => {
    if (!allPass(traffic, walk)) return NOBODY;
    return walk.trace === undefined
      ? pick(entries, bucket(walk), walk)
      : explainPick(entries, bucket, walk, `${path}.gate`);
  };
  return choose;
}

function compileGates(
  gates: readonly GateMatchDefinition[],
  path: string,
  scope: Scope,
  prefix: string,
): ConditionTest[] {
  scope.problems.limit(path, 'Gates', gates.length, LIMITS.gatesPerList);
  return gates.map((match, index) => compileGateMatch(match, `${path}[${index}]`, scope, prefix));
}

function compileEntries(
  definitions: readonly SplitEntryDefinition[],
  gate: GateDefinition,
  path: string,
  scope: Scope,
  alsoPrefix: string,
): Entries {
  if (definitions.length === 0)
    scope.problems.add('MISSING_FIELD', path, 'A split needs at least one entry.');
  scope.problems.limit(path, 'Entries of a split', definitions.length, LIMITS.entriesPerSplit);
  const bounds: number[] = [];
  const owners: number[] = [];
  const also: ConditionTest[][] = [];
  definitions.forEach((entry, index) => {
    const ranges = compileRanges(entry.ranges ?? [], gate, `${path}[${index}].ranges`, scope);
    for (let i = 0; i < ranges.length; i += 2) {
      bounds.push(ranges[i]!, ranges[i + 1]!);
      owners.push(index);
    }
    also.push(compileGates(entry.also ?? [], `${path}[${index}].also`, scope, alsoPrefix));
  });
  return { bounds, owners, also: also.some((gates) => gates.length > 0) ? also : undefined };
}

function allPass(gates: readonly ConditionTest[], walk: Walk): boolean {
  for (let i = 0; i < gates.length; i += 1) if (!gates[i]!(walk)) return false;
  return true;
}

function pick(entries: Entries, number: number, walk: Walk): number {
  const { bounds, owners, also } = entries;
  if (number === NOBODY) return NOBODY;
  for (let i = 0; i < owners.length; i += 1) {
    if (number >= bounds[2 * i]! && number < bounds[2 * i + 1]!) {
      const owner = owners[i]!;
      if (also === undefined || allPass(also[owner]!, walk)) return owner;
    }
  }
  return NOBODY;
}

function explainPick(entries: Entries, bucket: Bucket, walk: Walk, path: string): number {
  const number = bucket(walk);
  const owner = pick(entries, number, walk);
  const step = walk.trace?.leaf('gate', path, owner !== NOBODY, bucketMessage(number, owner !== NOBODY));
  if (step !== undefined) {
    step.expected = entries.owners.map((index, i) => [
      index,
      entries.bounds[2 * i]!,
      entries.bounds[2 * i + 1]!,
    ]);
    if (number !== NOBODY) step.actual = number;
  }
  return owner;
}
