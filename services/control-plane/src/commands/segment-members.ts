/**
 * Members of a segment. A short list stands in the segment itself; a long one
 * is divided by a hash of each member into parts, PART entities under their own
 * hash, so that one added member rewrites one part and not the whole list.
 */
import { murmur3x86 } from '@flagstream/engine';
import { fail, invalidField, LIMITS, limitExceeded, segmentMembers, sha256 } from '@flagstream/protocol';
import { Segment, SegmentMembers, type SegmentPart } from '@flagstream/protocol/gen/flagstream/v1/model';
import { bytesEqual, ENTITY_KIND, type EntityChange, entityKey, partId } from '@flagstream/replica';
import { partChange } from '../log/staging.ts';
import type { Draft } from './draft.ts';

/** Lists longer than this, both together, leave the segment: half an entity stays for the rest. */
const INLINE_BYTES_MAX = 131_072;
/** Aimed at; a part may grow to the limit of parts before the list is divided anew. */
const PART_BYTES_AIMED = 98_304;
const MEMBER_BYTES_MAX = 1024;
const HASH_SEED = 0;
const UTF8 = new TextEncoder();

/**
 * The segment as it is stored, its parts written into the draft. `before` is
 * the stored segment; `fields` are those that the request replaces. Parts that
 * a request sends back keep their members.
 * @throws FlagstreamError INVALID_FIELD, LIMIT_EXCEEDED.
 */
export function storeMembers(
  draft: Draft,
  project: string,
  segment: Segment,
  before: Segment | undefined,
  fields: readonly string[],
  path: string,
): Segment {
  const kept = keptParts(segment, before, fields, path);
  const touched = fields.includes('included') || fields.includes('excluded');
  if (!touched) return { ...segment, parts: kept };
  const included = allMembers(draft, project, segment.included, kept, false);
  const excluded = allMembers(draft, project, segment.excluded, kept, true);
  checkLimits(included, `${path}.included`);
  checkLimits(excluded, `${path}.excluded`);
  if (byteLength(included) + byteLength(excluded) <= INLINE_BYTES_MAX)
    return { ...segment, included, excluded, parts: [] };
  const parts = [...divide(included, false), ...divide(excluded, true)];
  for (const part of parts) draft.put(partChange(part.ref.sha256, part.content, project));
  return { ...segment, included: [], excluded: [], parts: parts.map((part) => part.ref) };
}

/** Members that a segment's parts hold, with those in the segment itself. */
export function resolveMembers(
  part: (sha256: Uint8Array) => EntityChange | undefined,
  inline: readonly string[],
  parts: readonly SegmentPart[],
  excluded: boolean,
): string[] {
  const lists = parts.filter((ref) => ref.excluded === excluded).map((ref) => membersOf(part(ref.sha256)));
  return lists.length === 0 ? [...inline] : [...new Set([...inline, ...lists.flat()])];
}

/** Members of one part. */
export function membersOf(part: EntityChange | undefined): readonly string[] {
  if (part === undefined) throw fail('LOG_CORRUPT', 'a segment names a part that is not there');
  return segmentMembers(part.content);
}

/** Takes parts out of the state that no live segment of their project names any more. */
export function dropUnusedParts(draft: Draft): void {
  const candidates = new Map<string, EntityChange>();
  for (const change of draft.changes()) {
    if (change.kind !== ENTITY_KIND.segment) continue;
    const before = draft.base.entity(change)?.change;
    if (before === undefined || before.deleted) continue;
    for (const ref of Segment.decode(before.content).parts) {
      const part = draft.live(partId(ref.sha256, change.project));
      if (part !== undefined) candidates.set(entityKey(part), part);
    }
  }
  for (const project of new Set([...candidates.values()].map((part) => part.project))) {
    for (const segment of draft.list(ENTITY_KIND.segment, project))
      for (const ref of Segment.decode(segment.content).parts)
        candidates.delete(entityKey(partId(ref.sha256, project)));
  }
  const content = new Uint8Array(0);
  for (const part of candidates.values())
    draft.put({ ...part, deleted: true, content, contentHash: sha256(content) });
}

function keptParts(
  segment: Segment,
  before: Segment | undefined,
  fields: readonly string[],
  path: string,
): SegmentPart[] {
  const stored = before?.parts ?? [];
  segment.parts.forEach((ref, i) => {
    const known = stored.some((own) => own.excluded === ref.excluded && bytesEqual(own.sha256, ref.sha256));
    if (!known) throw invalidField(`${path}.parts[${i}]`, 'the segment has no such part');
  });
  const replaced = (excluded: boolean): boolean => fields.includes(excluded ? 'excluded' : 'included');
  return [
    ...stored.filter((ref) => !replaced(ref.excluded)),
    ...segment.parts.filter((ref) => replaced(ref.excluded)),
  ];
}

function allMembers(
  draft: Draft,
  project: string,
  inline: readonly string[],
  parts: readonly SegmentPart[],
  excluded: boolean,
): string[] {
  return resolveMembers((hash) => draft.live(partId(hash, project)), inline, parts, excluded);
}

function checkLimits(members: readonly string[], path: string): void {
  const tooMany = members.length > LIMITS.segmentMembersMax;
  const long = members.findIndex((member) => Buffer.byteLength(member) > MEMBER_BYTES_MAX);
  if (!tooMany && long === -1) return;
  const field = tooMany ? path : `${path}[${long}]`;
  const description = tooMany
    ? `has ${members.length} members, the limit is ${LIMITS.segmentMembersMax}`
    : `is longer than ${MEMBER_BYTES_MAX} bytes`;
  throw limitExceeded(field, description);
}

interface MemberPart {
  readonly ref: SegmentPart;
  readonly content: Uint8Array;
}

function divide(members: readonly string[], excluded: boolean): MemberPart[] {
  if (members.length === 0) return [];
  let buckets = 1;
  while (buckets * PART_BYTES_AIMED < byteLength(members)) buckets *= 2;
  for (; ; buckets *= 2) {
    const parts = intoBuckets(members, buckets).map((bucket) => memberPart(bucket, excluded));
    if (parts.every((part) => part.content.length <= LIMITS.partBytesMax)) return parts;
  }
}

/** A member's bucket depends on the member alone, so that other members do not move it. */
function intoBuckets(members: readonly string[], count: number): string[][] {
  const buckets: string[][] = Array.from({ length: count }, () => []);
  for (const member of members) buckets[murmur3x86(UTF8.encode(member), HASH_SEED) % count]!.push(member);
  return buckets.filter((bucket) => bucket.length > 0).map((bucket) => bucket.sort());
}

function memberPart(members: string[], excluded: boolean): MemberPart {
  const content = SegmentMembers.encode({ members }).finish();
  return {
    ref: { sha256: Buffer.from(sha256(content)), members: members.length, excluded },
    content,
  };
}

/** Bytes of a list on the wire, about. */
function byteLength(members: readonly string[]): number {
  return members.reduce((sum, member) => sum + Buffer.byteLength(member) + 3, 0);
}
