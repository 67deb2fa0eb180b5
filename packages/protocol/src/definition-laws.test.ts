import { createHash } from 'node:crypto';
import { compileSet, type FlagUnit, type SegmentUnit } from '@flagstream/engine';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { contexts } from '../../engine/src/laws/contexts.fixture.ts';
import { LAW_TIMEOUT_MS, sized } from '../../engine/src/laws/full-size.fixture.ts';
import { tameSets } from '../../engine/src/laws/tame-definitions.fixture.ts';
import { FLAG_KEYS, nows } from '../../engine/src/laws/vocabulary.fixture.ts';
import {
  flagConfigDefinition,
  flagDefinition,
  segmentDefinition,
  segmentMembers,
  segmentUnit,
} from './definitions.ts';
import { Flag, FlagConfig, Segment, SegmentMembers } from './gen/flagstream/v1/model.ts';

/** A flag as the log has it, read back. */
function storedFlag({ key, flag, config }: FlagUnit): FlagUnit {
  return {
    key,
    flag: flagDefinition(Flag.encode(Flag.fromJSON(flag)).finish()),
    config: flagConfigDefinition(FlagConfig.encode(FlagConfig.fromJSON(config ?? {})).finish()),
  };
}

/** A segment as the log has it, its further lists in parts, read back. */
function storedSegment({ key, segment, extraIncluded = [], extraExcluded = [] }: SegmentUnit): SegmentUnit {
  const contents = new Map<string, Uint8Array>();
  const part = (members: readonly string[], excluded: boolean): object => {
    const content = SegmentMembers.encode({ members: [...members] }).finish();
    const sha256 = createHash('sha256').update(content).digest('base64');
    contents.set(sha256, content);
    return { sha256, members: members.length, excluded };
  };
  const parts = [
    ...extraIncluded.map((members) => part(members, false)),
    ...extraExcluded.map((members) => part(members, true)),
  ];
  const content = Segment.encode(Segment.fromJSON({ ...segment, parts })).finish();
  return segmentUnit(key, segmentDefinition(content), (sha256) =>
    segmentMembers(contents.get(Buffer.from(sha256).toString('base64'))!),
  );
}

describe('definitions', { timeout: LAW_TIMEOUT_MS }, () => {
  test('that went through the bytes of the log compile to the same answers', () => {
    fc.assert(
      fc.property(
        tameSets,
        fc.array(contexts, { minLength: 5, maxLength: 5 }),
        nows,
        ({ flags, segments }, each, nowMs) => {
          const written = compileSet(flags, segments);
          const stored = compileSet(flags.map(storedFlag), segments.map(storedSegment));
          expect(stored.problems).toEqual([]);
          expect(stored.set.nextTransition(nowMs)).toBe(written.set.nextTransition(nowMs));
          for (const key of FLAG_KEYS) {
            for (const context of each)
              expect(stored.set.evaluate(key, context, nowMs)).toEqual(
                written.set.evaluate(key, context, nowMs),
              );
          }
        },
      ),
      { numRuns: sized(60, 2_000) },
    );
  });

  test('read back twice are the same', () => {
    fc.assert(
      fc.property(tameSets, ({ flags, segments }) => {
        const once = { flags: flags.map(storedFlag), segments: segments.map(storedSegment) };
        expect({ flags: once.flags.map(storedFlag), segments: once.segments.map(storedSegment) }).toEqual(
          once,
        );
      }),
      { numRuns: sized(30, 1_000) },
    );
  });
});
