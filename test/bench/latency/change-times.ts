// When one change was sent, acknowledged and applied, on the benchmark's own clock; and what is said of many.

import type { Row } from '../report.ts';
import { percentile } from '../statistics.ts';

/** Milliseconds since the change was sent. */
export interface ChangeTimes {
  /** The change is on the disk, by the clock of the process that wrote it (the same machine's). */
  readonly committedMs: number;
  /** The writer has its answer. */
  readonly acknowledgedMs: number;
  /** The (last) client evaluates by it. */
  readonly appliedMs: number;
}

/** `floor`: the same way without our code, taken in turn with these changes. */
export function latencyRow(name: string, changes: readonly ChangeTimes[], floor = changes): Row {
  const committed = changes.map(({ committedMs }) => committedMs);
  const acknowledged = changes.map(({ acknowledgedMs }) => acknowledgedMs);
  const applied = changes.map(({ appliedMs }) => appliedMs);
  const rest = changes.map(({ committedMs, appliedMs }) => appliedMs - committedMs);
  return {
    name,
    changes: changes.length,
    committedP50: percentile(committed, 0.5),
    committedP99: percentile(committed, 0.99),
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
