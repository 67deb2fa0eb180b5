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

/** [from, to, from, to, ...], empty ranges left out. The gate must be complete. */
export function compileRanges(
  ranges: readonly RangeDefinition[],
  gate: GateDefinition,
  path: string,
  scope: Scope,
): readonly number[] {
  scope.problems.limit(path, 'Ranges', ranges.length, LIMITS.rangesPerList);
  scope.spend(ranges.length);
  const end = (gate.offset ?? 0) + (gate.buckets ?? 0);
  const bounds: number[] = [];
  ranges.forEach((range, index) => {
    const from = range.from ?? 0;
    const to = range.to ?? 0;
    if (!(Number.isFinite(from) && Number.isFinite(to) && from >= 0 && from <= to && to <= end)) {
      scope.problems.add('BAD_RANGE', `${path}[${index}]`, `A range must hold 0 <= from <= to <= ${end}.`);
      return;
    }
    if (gate.zeroIsNobody && to === 0) return;
    const closed = gate.upperClosed || (gate.fullIsClosed && to === end);
    const upper = closed ? nextUp(to) : to;
    if (upper > from) bounds.push(from, upper);
  });
  return bounds;
}
