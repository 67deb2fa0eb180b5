/**
 * Where a stream of events stands: the newest revision that changed its environment, and the moment. As an event's id it
 * comes back in Last-Event-ID, and as its etag in flagConfigEtag, to whichever node; all of them can read it. Pure.
 */
import type { Revision } from '@flagstream/protocol/gen/flagstream/v1/model';
import { bare } from './entity-tag.ts';

export interface EventPlace {
  readonly epoch: number;
  readonly revision: number;
  /** Unix ms. */
  readonly wallMs: number;
}

export function eventId({ epoch, revision, wallMs }: EventPlace): string {
  return `${epoch}-${revision}-${wallMs}`;
}

/** Undefined for what is none of ours. */
export function parseEventId(text: string): EventPlace | undefined {
  const found = /^(\d{1,10})-(\d{1,15})-(\d{1,15})$/.exec(text.trim());
  if (found === null) return undefined;
  const [, epoch, revision, wallMs] = found;
  return { epoch: Number(epoch), revision: Number(revision), wallMs: Number(wallMs) };
}

export function eventTag({ epoch, revision }: EventPlace): string {
  return `"${epoch}-${revision}"`;
}

/** The revision that an event told of, from the tag that came with it; undefined for what is none of ours. */
export function revisionOfTag(tag: string): Revision | undefined {
  const found = /^(\d{1,10})-(\d{1,15})$/.exec(bare(tag));
  if (found === null) return undefined;
  return { epoch: Number(found[1]), revision: BigInt(found[2]!), hash: new Uint8Array(0) };
}
