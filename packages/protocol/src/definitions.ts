/**
 * Stored content as the engine reads it: proto JSON of the entity. An entity
 * that this release cannot read (an unknown enum value, broken bytes) throws;
 * the caller quarantines that one entity.
 */
import type {
  FlagConfigDefinition,
  FlagDefinition,
  SegmentDefinition,
  SegmentUnit,
} from '@flagstream/engine';
import { Flag, FlagConfig, Segment, SegmentMembers } from './gen/flagstream/v1/model.ts';

export function flagDefinition(content: Uint8Array): FlagDefinition {
  return Flag.toJSON(Flag.decode(content)) as FlagDefinition;
}

export function flagConfigDefinition(content: Uint8Array): FlagConfigDefinition {
  return FlagConfig.toJSON(FlagConfig.decode(content)) as FlagConfigDefinition;
}

/** `parts` keep their SHA-256 as base64, as proto JSON has it. */
export function segmentDefinition(content: Uint8Array): SegmentDefinition {
  return Segment.toJSON(Segment.decode(content)) as SegmentDefinition;
}

/** Members held by one part of a segment. */
export function segmentMembers(content: Uint8Array): readonly string[] {
  return SegmentMembers.decode(content).members;
}

/**
 * A segment with the members that its parts hold, as the engine compiles it.
 * @param members of the part with this SHA-256; may throw, and so does this then
 */
export function segmentUnit(
  key: string,
  segment: SegmentDefinition,
  members: (sha256: Uint8Array) => readonly string[],
): SegmentUnit {
  const lists = (excluded: boolean): (readonly string[])[] =>
    (segment.parts ?? [])
      .filter((part) => (part.excluded ?? false) === excluded)
      .map((part) => members(Buffer.from(part.sha256 ?? '', 'base64')));
  return { key, segment, extraIncluded: lists(false), extraExcluded: lists(true) };
}
