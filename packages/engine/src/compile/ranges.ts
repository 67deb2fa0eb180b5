/**
 * Ranges of a gate under its bound policy, as half-open pairs.
 *
 * Place on the path: gate matches and split entries. An upper end that is
 * included becomes the next double above it, which keeps the test half-open
 * and exact for whole and fractional numbers alike.
 */
import { LIMITS } from '../limits.ts';
import type { GateDefinition, RangeDefinition } from '../model.ts';
import type { Scope } from './scope.ts';

const bits = new BigUint64Array(1);
const double = new Float64Array(bits.buffer);

/** The smallest double above a number that is not negative. */
function nextUp(value: number): number {
  double[0] = value === 0 ? 0 : value;
  bits[0]! += 1n;
  return double[0]!;
}

/** The end of the numbers that a complete gate gives. */
export function spaceEnd(gate: GateDefinition): number {
  return (gate.offset ?? 0) + (gate.buckets ?? 0);
}

/** The excluded end of a range up to `to`, under the gate's bound policy; 0 holds nobody. */
export function excludedEnd(to: number, gate: GateDefinition): number {
  if (gate.zeroIsNobody && to === 0) return 0;
  const closed = gate.upperClosed || (gate.fullIsClosed && to === spaceEnd(gate));
  return closed ? nextUp(to) : to;
}

/** [from, to, from, to, ...], empty ranges left out. The gate must be complete. */
export function compileRanges(
  ranges: readonly RangeDefinition[],
  gate: GateDefinition,
  path: string,
  scope: Scope,
): readonly number[] {
  scope.problems.limit(path, 'Ranges', ranges.length, LIMITS.rangesPerList);
  scope.spend(ranges.length);
  const end = spaceEnd(gate);
  const bounds: number[] = [];
  ranges.forEach((range, index) => {
    const from = range.from ?? 0;
    const to = range.to ?? 0;
    if (!(Number.isFinite(from) && Number.isFinite(to) && from >= 0 && from <= to && to <= end)) {
      scope.problems.add('BAD_RANGE', `${path}[${index}]`, `A range must hold 0 <= from <= to <= ${end}.`);
      return;
    }
    const upper = excludedEnd(to, gate);
    if (upper > from) bounds.push(from, upper);
  });
  return bounds;
}
