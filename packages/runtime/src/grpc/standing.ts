/** Who was let in once, and may have lost the right since: keys change, and run out by time. */
import type { FlagstreamError } from '@flagstream/protocol';
import type { Principal } from './principal.ts';

export interface Standing {
  /** Why a principal would be refused by now. */
  check(principal: Principal): FlagstreamError | undefined;
  /** Called when some principal may have lost its right. Returns how to stop. */
  onChange(listener: () => void): () => void;
}

/** Those whose key has run out are found so soon after. */
const LOOK_EVERY_MS = 1_000;

/**
 * Calls `look` when some principal may have lost its right, and each second. Returns how to stop.
 * @param look is given the check, which asks once for each principal
 */
export function watchStanding(standing: Standing, look: (check: Standing['check']) => void): () => void {
  const lookNow = (): void => {
    const verdicts = new Map<Principal, FlagstreamError | undefined>();
    look((principal) => {
      if (!verdicts.has(principal)) verdicts.set(principal, standing.check(principal));
      return verdicts.get(principal);
    });
  };
  const stop = standing.onChange(lookNow);
  const timer = setInterval(lookNow, LOOK_EVERY_MS);
  timer.unref();
  return () => {
    stop();
    clearInterval(timer);
  };
}
