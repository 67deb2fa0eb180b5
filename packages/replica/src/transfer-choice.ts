/** What brings a client that comes with a Hello to the head of the environment. */
import { bytesEqual } from './position.ts';
import type { SyncEnvironment } from './sync-environment.ts';
import type { Digest, Have, Intent } from './sync-frames.ts';

/** The client is where nothing has changed since, and holds something else. */
export const DIGEST_DIFFERS = 'the digest differs';

export interface TransferChoice {
  /** `behind`: nothing of this node does, it would take the client backwards. */
  readonly intent: Intent | 'behind';
  readonly reason: string;
  /** What the client holds is not on this node's lineage. */
  readonly forked: boolean;
}

/** @param have absent: the client holds nothing */
export function chooseTransfer(env: SyncEnvironment, have: Have | undefined): TransferChoice {
  if (have === undefined) return { intent: 'full', reason: 'the client holds nothing', forked: false };
  if (!bytesEqual(have.logIdentity, env.logIdentity()))
    return { intent: 'full', reason: 'the client held another log', forked: true };
  const head = env.head();
  const ahead =
    have.position.epoch > head.epoch ||
    (have.position.epoch === head.epoch && have.position.revision > head.revision);
  if (ahead) return { intent: 'behind', reason: 'this node is behind the client', forked: false };
  if (env.hasWithdrawn(have.position))
    return { intent: 'full', reason: 'the revision was withdrawn', forked: true };
  if (!env.canDelta(have.position))
    return { intent: 'full', reason: 'the revision is not within the delta window', forked: false };
  if (have.position.revision < env.changedRevision())
    return { intent: 'delta', reason: 'resumed', forked: false };
  return addsUp(env, have)
    ? { intent: 'none', reason: 'current', forked: false }
    : { intent: 'full', reason: DIGEST_DIFFERS, forked: false };
}

/** The client holds what this node holds. */
export function addsUp(env: SyncEnvironment, { digest }: Have): boolean {
  return isSameDigest(env.digest(), digest);
}

export function isSameDigest(a: Digest, b: Digest): boolean {
  return a.hi === b.hi && a.lo === b.lo;
}
