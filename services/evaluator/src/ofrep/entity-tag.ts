/** ETags of bulk answers, and what callers ask with them. Pure. */
import { createHash } from 'node:crypto';

/** Of the whole body: it tells two contexts apart whichever of their attributes made the difference. */
export function entityTag(body: string): string {
  return `"${createHash('sha256').update(body).digest('hex')}"`;
}

/** Whether If-None-Match names the tag: a list, weak tags that proxies have made of ours, or "*". */
export function matchesTag(header: string | undefined, tag: string): boolean {
  if (header === undefined) return false;
  if (header.trim() === '*') return true;
  const opaque = bare(tag);
  return header.split(',').some((each) => bare(each) === opaque);
}

/** A tag without what makes it weak, and without its quotes, which some clients leave out in a query. */
export function bare(tag: string): string {
  const trimmed = tag.trim();
  const strong = trimmed.startsWith('W/') ? trimmed.slice(2) : trimmed;
  return strong.length > 1 && strong.startsWith('"') && strong.endsWith('"') ? strong.slice(1, -1) : strong;
}
