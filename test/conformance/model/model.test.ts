// The record keeps every example whole, and the engine evaluates it or refuses the name that is not built, never
// something else.

import { compileSet, type JsonObject } from '@flagstream/engine';
import { flagConfigDefinition, flagDefinition, segmentDefinition } from '@flagstream/protocol';
import { Flag, FlagConfig, Segment } from '@flagstream/protocol/gen/flagstream/v1/model';
import { describe, expect, test } from 'vitest';
import { EXAMPLE_FLAG, EXAMPLES } from './examples.ts';

describe.each(EXAMPLES)('%s (%s)', (_, __, { flag = EXAMPLE_FLAG, config, segment, problems = [] }) => {
  const kept = {
    flag: flagDefinition(Flag.encode(Flag.fromJSON(flag)).finish()),
    config: config && flagConfigDefinition(FlagConfig.encode(FlagConfig.fromJSON(config)).finish()),
    segment: segment && segmentDefinition(Segment.encode(Segment.fromJSON(segment)).finish()),
  };

  test('is kept whole by the record', () => {
    expect(kept.flag).toEqual(withoutDefaults(flag as JsonObject));
    expect(kept.config).toEqual(config && withoutDefaults(config as JsonObject));
    expect(kept.segment).toEqual(segment && withoutDefaults(segment as JsonObject));
  });

  test('is evaluated, or refused by the name that is not built', () => {
    const units = [{ key: 'f', flag: kept.flag, ...(kept.config && { config: kept.config }) }];
    const segments = kept.segment ? [{ key: 's', segment: kept.segment }] : [];
    const compiled = compileSet(units, segments);
    expect(compiled.problems.map(({ code, path }) => `${code} ${path}`)).toEqual(problems);
  });
});

/** Proto JSON leaves out text, numbers and switches that have their default. */
function withoutDefaults(definition: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(definition).filter(([, value]) => value !== '' && value !== 0 && value !== false),
  );
}
