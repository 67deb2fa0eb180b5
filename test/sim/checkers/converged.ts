/**
 * Converged: once faults stop and time passes, everybody holds the head, and
 * the same.
 */
import { samePosition } from '@flagstream/replica';
import { type Checker, Violation } from './checker.ts';
import type { Observation } from './observation.ts';
import type { Past } from './past.ts';

export class Converged implements Checker {
  readonly promise = 'converged';

  observe(observation: Observation, past: Past): void {
    if (observation.type !== 'quiet') return;
    const { head, holders } = observation;
    const truth = past.state(head.hash);
    if (truth === undefined || truth !== past.head)
      throw new Violation(
        this.promise,
        `the log ends at ${past.describe(past.head?.record)}, not at the head`,
      );
    const digests = new Map<string, string>();
    for (const { name, kind, position, fingerprint, digest, source } of holders) {
      if (position === undefined || !samePosition(position, head))
        throw new Violation(
          this.promise,
          `${name} stayed at ${past.describe(position)}, the head is ${past.describe(head)}`,
        );
      if (fingerprint !== (kind === 'client' ? truth.environment : truth.whole))
        throw new Violation(this.promise, `${name} holds something else at ${past.describe(head)}`);
      if (source !== 'live') throw new Violation(this.promise, `${name} still stands on "${source}"`);
      const other = digests.get(kind) ?? digest;
      if (other !== digest) throw new Violation(this.promise, `${name} has another digest than its peers`);
      digests.set(kind, digest);
    }
  }
}
