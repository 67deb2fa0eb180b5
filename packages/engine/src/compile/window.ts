/**
 * A window in time: start included, end excluded, both optional.
 *
 * Place on the path: the first check of a rule. Time is the walk's, never the
 * process's.
 */
import { parseInstant } from '../instant.ts';
import type { WindowDefinition } from '../model.ts';
import type { Scope } from './scope.ts';

export interface CompiledWindow {
  /** Unix ms; -Infinity without a start. */
  readonly startMs: number;
  /** Unix ms; Infinity without an end. */
  readonly endMs: number;
}

export function compileWindow(window: WindowDefinition, path: string, scope: Scope): CompiledWindow {
  const startMs = boundary(window.start, `${path}.start`, scope) ?? Number.NEGATIVE_INFINITY;
  const endMs = boundary(window.end, `${path}.end`, scope) ?? Number.POSITIVE_INFINITY;
  if (startMs >= endMs) scope.problems.add('BAD_WINDOW', path, 'A window must start before it ends.');
  return { startMs, endMs };
}

function boundary(text: string | undefined, path: string, scope: Scope): number | undefined {
  if (text === undefined) return undefined;
  const instantMs = parseInstant(text);
  if (instantMs === undefined) {
    scope.problems.add(
      'BAD_WINDOW',
      path,
      `"${text}" is no RFC 3339 instant, such as "2026-01-31T09:00:00Z".`,
    );
  }
  return instantMs;
}
