/**
 * Converged: once faults stop and time passes, everybody holds the head, and
 * the same; and while NATS alone is gone, everybody gets what is written from
 * the control plane.
 */
import { type Position, samePosition } from '@flagstream/replica';
import { type Checker, Violation } from './checker.ts';
import type { Holder, Observation } from './observation.ts';
import type { Past } from './past.ts';

export class Converged implements Checker {
  readonly promise = 'converged';

  observe(observation: Observation, past: Past): void {
    if (observation.type === 'without-nats') this.#arrived(observation, past);
    if (observation.type === 'quiet') this.#quiet(observation, past);
  }

  #arrived({ written, holders }: Observation & { readonly type: 'without-nats' }, past: Past): void {
    const late = whoLacks(written, holders, past);
    if (late !== undefined) throw new Violation(this.promise, `without NATS ${late}`);
  }

  #quiet({ head, holders }: Observation & { readonly type: 'quiet' }, past: Past): void {
    const truth = past.state(head.hash);
    if (truth === undefined || truth !== past.head)
      throw new Violation(
        this.promise,
        `the log ends at ${past.describe(past.head?.record)}, not at the head`,
      );
    const digests = new Map<string, string>();
    for (const { name, kind, position, fingerprint, digest, freshness } of holders) {
      if (position === undefined || !samePosition(position, head))
        throw new Violation(
          this.promise,
          `${name} stayed at ${past.describe(position)}, the head is ${past.describe(head)}`,
        );
      if (fingerprint !== (kind === 'client' ? truth.environment : truth.whole))
        throw new Violation(this.promise, `${name} holds something else at ${past.describe(head)}`);
      if (freshness.source !== 'live')
        throw new Violation(this.promise, `${name} still stands on "${freshness.source}"`);
      const other = digests.get(kind) ?? digest;
      if (other !== digest) throw new Violation(this.promise, `${name} has another digest than its peers`);
      digests.set(kind, digest);
    }
  }
}

/**
 * Who still lacks what all get without NATS. Nothing is asked of an evaluator on
 * another branch, which hears of the epoch that ends its branch over NATS only,
 * and then of no client: it may be that one's.
 */
export function whoLacks(written: Position, holders: readonly Holder[], past: Past): string | undefined {
  const evaluators = holders.filter(({ kind }) => kind === 'evaluator');
  const onTheLog = evaluators.filter(({ position }) => !isElsewhere(position, written, past));
  const asked = onTheLog.length < evaluators.length ? onTheLog : holders;
  for (const { name, kind, position, freshness } of asked) {
    if (past.isBehind(position, written))
      return `${name} stayed at ${past.describe(position)}, and did not get ${past.describe(written)}`;
    if (kind === 'evaluator' && freshness.source !== 'fallback')
      return `${name} stands on "${freshness.source}"`;
  }
  return undefined;
}

/** Neither on the way to a place nor past it. */
function isElsewhere(held: Position | undefined, place: Position, past: Past): boolean {
  return held !== undefined && !past.isBehind(held, place) && !past.isOnTheWay(place, held);
}
