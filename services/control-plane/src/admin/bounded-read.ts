/**
 * Reads that are not older than a revision which their caller saw elsewhere:
 * they wait, within a bound, for the commit that brings it.
 */
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

/** A method that reads; it answers once the log holds the request's min_revision. */
export function boundedRead<I extends { readonly minRevision?: Revision | undefined }, O>(
  wait: RevisionWait,
  answer: (request: I, call: CallContext) => O | Promise<O>,
): UnaryHandler {
  return unary<I, O>((request, call) => {
    const waiting = wait.until(request.minRevision, call);
    return waiting === undefined ? answer(request, call) : waiting.then(() => answer(request, call));
  });
}
