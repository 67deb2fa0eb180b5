/**
 * Reads that are not older than a revision which their caller saw elsewhere:
 * they wait, within a bound, for the commit that brings it.
 */
import { FlagstreamError, withMetadata } from '@flagstream/protocol';
import type { Revision } from '@flagstream/protocol/gen/flagstream/v1/model';
import { type CallContext, RevisionWait, type UnaryHandler, unary } from '@flagstream/runtime';
import type { ChangeLog } from '../log/change-log.ts';

/** Made once per log: it listens to every commit. */
export function revisionWait(log: ChangeLog): RevisionWait {
  const { store } = log;
  const wait = new RevisionWait(() => ({
    position: store.head(),
    lineage: store.lineage(),
    hashAt: (revision) => store.recordAt(revision)?.hash,
  }));
  log.onCommit(() => wait.moved());
  return wait;
}

interface RevisionBound {
  readonly minRevision?: Revision | undefined;
  readonly allowStale: boolean;
}

/** An answer without what `boundedRead` says of all of them. */
export type Read<O> = Omit<O, 'belowMinRevision'>;

/** A method that reads; it answers once the log holds the request's min_revision, or as it is if that will do. */
export function boundedRead<I extends RevisionBound, O extends { readonly belowMinRevision: boolean }>(
  wait: RevisionWait,
  answer: (request: I, call: CallContext) => Read<O> | Promise<Read<O>>,
): UnaryHandler {
  return unary<I, Read<O> & { readonly belowMinRevision: boolean }>(async (request, call) => {
    const outcome = await wait.until(request.minRevision, call, request.allowStale);
    const belowMinRevision = outcome === 'below';
    try {
      return { ...(await answer(request, call)), belowMinRevision };
    } catch (thrown) {
      // What is not found may be what the missing revisions brought.
      if (!belowMinRevision || !(thrown instanceof FlagstreamError)) throw thrown;
      throw withMetadata(thrown, { belowMinRevision: 'true' });
    }
  });
}
