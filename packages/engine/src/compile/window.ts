/**
 * A window in time: start included, end excluded unless it says otherwise, both
 * optional.
 *
 * Place on the path: the first check of a rule. Time is the walk's, never the
 * process's.
 */
import { parseInstant } from '../instant.ts';
import type { WindowDefinition } from '../model.ts';
import type { Condition, Walk } from '../walk.ts';
import type { Scope } from './scope.ts';

export class Window implements Condition {
  /** Unix ms; -Infinity without a start. */
  readonly #startMs: number;
  /** Unix ms; Infinity without an end. */
  readonly #endMs: number;
  readonly #endInclusive: boolean;

  constructor(startMs: number, endMs: number, endInclusive: boolean) {
    this.#startMs = startMs;
    this.#endMs = endMs;
    this.#endInclusive = endInclusive;
  }

  holds(walk: Walk): boolean {
    const { nowMs } = walk;
    const open =
      nowMs >= this.#startMs && (nowMs < this.#endMs || (this.#endInclusive && nowMs === this.#endMs));
    if (walk.trace !== undefined) {
      const step = walk.trace.leaf('condition', 'window', open, `The window is ${open ? 'open' : 'closed'}.`);
      step.actual = walk.nowMs;
      step.expected = [this.#startMs, this.#endMs].map((instantMs) =>
        Number.isFinite(instantMs) ? instantMs : null,
      );
    }
    return open;
  }
}

export function compileWindow(window: WindowDefinition, path: string, scope: Scope): Window {
  const startMs = boundary(window.start, `${path}.start`, scope) ?? Number.NEGATIVE_INFINITY;
  const endMs = boundary(window.end, `${path}.end`, scope) ?? Number.POSITIVE_INFINITY;
  const endInclusive = window.endInclusive ?? false;
  if (startMs > endMs || (startMs === endMs && !endInclusive))
    scope.problems.add('BAD_WINDOW', path, 'A window must start before it ends.');
  scope.schedule.changesAt(startMs);
  // Instants are whole milliseconds: an included end is over one later.
  scope.schedule.changesAt(endInclusive ? endMs + 1 : endMs);
  return new Window(startMs, endMs, endInclusive);
}

function boundary(text: string | undefined, path: string, scope: Scope): number | undefined {
  if (text === undefined) return undefined;
  const instantMs = parseInstant(text);
  if (instantMs === undefined) {
    const message = `"${text}" is no RFC 3339 instant, such as "2026-01-31T09:00:00Z".`;
    scope.problems.add('BAD_WINDOW', path, message);
  }
  return instantMs;
}
