/**
 * Whether this process should get calls. Staleness may bound that, never
 * liveness: a restart does not make a state fresher.
 */
import { UNBOUNDED_MS } from '@flagstream/replica';
import type { Readiness } from '@flagstream/runtime';
import type { LogFollower } from '../follow/log-follower.ts';
import type { Serving } from './serving.ts';

/** @param staleMsMax oldest state that counts as ready; 0: however old */
export function readinessOf(serving: Serving, follower: LogFollower, staleMsMax: number): Readiness {
  if (!serving.ready) return { ready: false, awaitsState: true, reasons: notLoaded(serving, follower) };
  const { stalenessMs, source } = serving.freshness();
  if (staleMsMax === 0 || stalenessMs <= staleMsMax) return { ready: true, reasons: [] };
  const age = stalenessMs === UNBOUNDED_MS ? 'is of unknown age' : `may be ${stalenessMs} ms old`;
  const reason = `the state ${age} (${source}), more than the ${staleMsMax} ms of readyStalenessMs`;
  return { ready: false, reasons: [reason] };
}

function notLoaded(serving: Serving, follower: LogFollower): readonly string[] {
  const { revision } = serving.position();
  const head = follower.follower.head?.headRevision;
  const behind = head === undefined ? 'the newest revision is not known yet' : `the newest one is ${head}`;
  const reasons = [`no whole state was loaded yet: revision ${revision} is applied, ${behind}`];
  if (!follower.live) reasons.push('the log source does not deliver');
  return reasons;
}
