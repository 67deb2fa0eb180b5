// When one change was sent, acknowledged and applied, on the benchmark's own clock; and what is said of many.

import type { Row } from '../report.ts';
import { percentile } from '../statistics.ts';

/** Milliseconds since the change was sent. */
export interface ChangeTimes {
  /** The writer has its answer: the change is on the disk. */
  readonly acknowledgedMs: number;
  /** The (last) client evaluates by it. */
  readonly appliedMs: number;
}

/** `floor`: the same way without our code, taken in turn with these changes. */
export function latencyRow(name: string, changes: readonly ChangeTimes[], floor = changes): Row {
  const acknowledged = changes.map(({ acknowledgedMs }) => acknowledgedMs);
  const applied = changes.map(({ appliedMs }) => appliedMs);
  const rest = changes.map(({ acknowledgedMs, appliedMs }) => appliedMs - acknowledgedMs);
  return {
    name,
    changes: changes.length,
    acknowledgedP50: percentile(acknowledged, 0.5),
    acknowledgedP99: percentile(acknowledged, 0.99),
    restP50: percentile(rest, 0.5),
    restP99: percentile(rest, 0.99),
    appliedP50: percentile(applied, 0.5),
    appliedP99: percentile(applied, 0.99),
    floors:
      percentile(applied, 0.5) /
      percentile(
        floor.map(({ appliedMs }) => appliedMs),
        0.5,
      ),
  };
}
