import { compileSet, type FlagUnit, type SegmentUnit } from '@flagstream/engine';
import { environmentName, flagConfigName, flagName, segmentName } from '@flagstream/protocol';
import { Environment, Flag, FlagConfig, Segment } from '@flagstream/protocol/gen/flagstream/v1/model';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { contexts } from '../../../engine/src/laws/contexts.fixture.ts';
import { LAW_TIMEOUT_MS, sized } from '../../../engine/src/laws/full-size.fixture.ts';
import { tameSets, type Units } from '../../../engine/src/laws/tame-definitions.fixture.ts';
import { FLAG_KEYS, nows } from '../../../engine/src/laws/vocabulary.fixture.ts';
import { type FlagSet, inProject } from './flag-set.ts';
import { loadDocuments } from './load-documents.ts';
import { type DocumentFormat, writeDocument } from './write-document.ts';

const PROJECT = 'shop';
const ENVIRONMENT = 'production';

/** The units as the control plane would list them. Members in parts come with their segment. */
function flagSetOf({ flags, segments }: Units): FlagSet {
  const environment = Environment.fromJSON({ name: environmentName(PROJECT, ENVIRONMENT) });
  return {
    environments: new Map([[ENVIRONMENT, environment]]),
    segments: new Map(
      segments.map(({ key, segment }) => [
        key,
        Segment.fromJSON({ ...segment, name: segmentName(PROJECT, key) }),
      ]),
    ),
    flags: new Map(
      flags.map(({ key, flag }) => [key, Flag.fromJSON({ ...flag, name: flagName(PROJECT, key) })]),
    ),
    configs: new Map(
      flags.map(({ key, config }) => {
        const name = flagConfigName(PROJECT, ENVIRONMENT, key);
        return [key, new Map([[ENVIRONMENT, FlagConfig.fromJSON({ ...config, name })]])];
      }),
    ),
  };
}

function unitsOf(set: FlagSet): Units {
  return {
    flags: [...set.flags].map(([key, flag]): FlagUnit => {
      const config = set.configs.get(key)!.get(ENVIRONMENT)!;
      return {
        key,
        flag: Flag.toJSON(flag) as FlagUnit['flag'],
        config: FlagConfig.toJSON(config) as object,
      };
    }),
    segments: [...set.segments].map(
      ([key, segment]): SegmentUnit => ({ key, segment: Segment.toJSON(segment) as object }),
    ),
  };
}

describe.each(['yaml', 'json'] as const)(
  'an export as %s',
  { timeout: LAW_TIMEOUT_MS },
  (format: DocumentFormat) => {
    test('imports as the same flags, whose answers are the same, and exports as the same text', () => {
      fc.assert(
        fc.property(
          tameSets,
          fc.array(contexts, { minLength: 5, maxLength: 5 }),
          nows,
          (units, each, nowMs) => {
            const exported = flagSetOf(units);
            const text = writeDocument(exported, PROJECT, format);
            const { set } = loadDocuments([{ file: 'export', text }], PROJECT);
            const imported = inProject(set, PROJECT);
            expect(imported).toEqual(inProject(exported, PROJECT));
            expect(writeDocument(set, PROJECT, format)).toBe(text);
            const segments = units.segments.map(({ key, segment }) => ({ key, segment }));
            const before = compileSet(units.flags, segments);
            const read = unitsOf(imported);
            const after = compileSet(read.flags, read.segments);
            expect(after.problems).toEqual([]);
            for (const key of FLAG_KEYS) {
              for (const context of each)
                expect(after.set.evaluate(key, context, nowMs)).toEqual(
                  before.set.evaluate(key, context, nowMs),
                );
            }
          },
        ),
        { numRuns: sized(15, 300) },
      );
    });
  },
);
