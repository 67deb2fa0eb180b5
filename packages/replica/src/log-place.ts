/**
 * Where in the streams a follower continues. Pure: what the streams say is
 * passed in.
 */
import type { Place } from './position.ts';

/** What is known of the newest epoch's stream. */
export interface StreamWindow {
  readonly epoch: number;
  /** Last revision before the epoch: stream sequence = revision - baseRevision. */
  readonly baseRevision: number;
  readonly firstSeq: number;
  readonly lastSeq: number;
}

export type LogPlace =
  /** From the follower's own record when it is still there, so that it is compared; else from the one after it. */
  | { readonly kind: 'tail'; readonly startSeq: number }
  /** The stream no longer has what comes next, or is of another lineage. */
  | { readonly kind: 'behind'; readonly firstRevision: number; readonly detail: string }
  /** The stream is older than the position: the newer one must come. */
  | { readonly kind: 'wait'; readonly detail: string };

export function logPlace(after: Place, window: StreamWindow): LogPlace {
  const { epoch, baseRevision, firstSeq } = window;
  if (after.epoch > epoch) {
    return { kind: 'wait', detail: `the newest stream is of epoch ${epoch}, before epoch ${after.epoch}` };
  }
  const firstRevision = baseRevision + firstSeq;
  const behind = (detail: string): LogPlace => ({ kind: 'behind', firstRevision, detail });
  // An epoch is entered through its first record, which names what it continues.
  const nextRevision = after.epoch === epoch ? after.revision + 1 : baseRevision + 1;
  if (after.epoch < epoch && after.revision < baseRevision) {
    return behind(
      `epoch ${epoch} begins after revision ${baseRevision}, this follower is at ${after.revision}`,
    );
  }
  if (nextRevision <= baseRevision) {
    return behind(`revision ${after.revision} is before epoch ${epoch}, which begins after ${baseRevision}`);
  }
  if (nextRevision < firstRevision) {
    return behind(`revision ${nextRevision} has fallen out of the stream, which begins at ${firstRevision}`);
  }
  return { kind: 'tail', startSeq: Math.max(firstSeq, nextRevision - 1 - baseRevision) };
}
