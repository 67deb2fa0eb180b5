/**
 * A ramp: a range from the start of a gate's space up to a bound that is a
 * function of time, so that every engine agrees on the instant at which a
 * subject comes in.
 *
 * Place on the path: a gate match that moves. What holds: while the bound
 * grows, a subject that came in stays in.
 */
import { parseInstant } from '../instant.ts';
import { LIMITS } from '../limits.ts';
import type { GateDefinition, RampDefinition } from '../model.ts';
import { spaceEnd } from './ranges.ts';
import type { Scope } from './scope.ts';

interface Step {
  readonly timeMs: number;
  readonly to: number;
}

export class Ramp {
  /** In order of time, at least one. */
  readonly #steps: readonly Step[];
  readonly #linear: boolean;

  constructor(steps: readonly Step[], linear: boolean) {
    this.#steps = steps;
    this.#linear = linear;
  }

  /** The bound at an instant (unix ms); undefined before the first step. */
  bound(nowMs: number): number | undefined {
    const steps = this.#steps;
    let reached = -1;
    while (reached + 1 < steps.length && steps[reached + 1]!.timeMs <= nowMs) reached += 1;
    const last = steps[reached];
    const next = steps[reached + 1];
    if (last === undefined || next === undefined || !this.#linear) return last?.to;
    return last.to + (next.to - last.to) * ((nowMs - last.timeMs) / (next.timeMs - last.timeMs));
  }
}

/** Answers undefined after it reported why there is none. The gate must be complete. */
export function compileRamp(
  ramp: RampDefinition,
  gate: GateDefinition,
  path: string,
  scope: Scope,
): Ramp | undefined {
  const definitions = ramp.steps ?? [];
  if (definitions.length === 0) {
    scope.problems.add('MISSING_FIELD', `${path}.steps`, 'A ramp needs at least one step.');
  }
  scope.problems.limit(`${path}.steps`, 'Steps of a ramp', definitions.length, LIMITS.rampSteps);
  const curve = ramp.curve ?? 'RAMP_CURVE_LINEAR';
  if (curve !== 'RAMP_CURVE_LINEAR' && curve !== 'RAMP_CURVE_STEPPED') {
    scope.problems.add('NOT_BUILT', `${path}.curve`, 'This curve is not built into this engine.');
    return undefined;
  }
  const end = spaceEnd(gate);
  const steps: Step[] = [];
  definitions.slice(0, LIMITS.rampSteps).forEach((step, index) => {
    const timeMs = parseInstant(step.time ?? '');
    const to = step.to ?? 0;
    const before = steps.at(-1);
    const stepPath = `${path}.steps[${index}]`;
    if (timeMs === undefined) {
      const message = 'A step needs an RFC 3339 instant, such as "2026-01-31T09:00:00Z".';
      scope.problems.add('BAD_RAMP', `${stepPath}.time`, message);
    } else if (before !== undefined && timeMs <= before.timeMs) {
      scope.problems.add('BAD_RAMP', `${stepPath}.time`, 'The steps of a ramp follow each other in time.');
    } else {
      steps.push({ timeMs, to });
    }
    if (!(Number.isFinite(to) && to >= 0 && to <= end)) {
      scope.problems.add('BAD_RANGE', `${stepPath}.to`, `The end of a ramp must hold 0 <= to <= ${end}.`);
    }
  });
  const linear = curve === 'RAMP_CURVE_LINEAR';
  scope.spend(steps.length);
  schedule(steps, linear, scope);
  return steps.length === 0 ? undefined : new Ramp(steps, linear);
}

function schedule(steps: readonly Step[], linear: boolean, scope: Scope): void {
  steps.forEach((step, index) => {
    scope.schedule.changesAt(step.timeMs);
    const next = steps[index + 1];
    if (linear && next !== undefined && next.to !== step.to) {
      scope.schedule.movesBetween(step.timeMs, next.timeMs);
    }
  });
}
