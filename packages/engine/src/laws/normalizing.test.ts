import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { FlagUnit } from '../compile/flag.ts';
import { setOf } from '../definitions.fixture.ts';
import { normalizeConfig } from '../normalize-config.ts';
import { compileSet } from '../set/compile-set.ts';
import { contexts } from './contexts.fixture.ts';
import { LAW_TIMEOUT_MS, sized } from './full-size.fixture.ts';
import { tameSets } from './tame-definitions.fixture.ts';
import { FLAG_KEYS, nows } from './vocabulary.fixture.ts';
import { wildFlags } from './wild-definitions.fixture.ts';

function normalized(unit: FlagUnit): FlagUnit {
  return { ...unit, config: normalizeConfig(unit.key, unit.config ?? {}).config };
}

describe('normalising', { timeout: LAW_TIMEOUT_MS }, () => {
  test('changes nothing the second time, whatever the config', () => {
    fc.assert(
      fc.property(wildFlags, (unit) => {
        const once = normalized(unit);
        expect(normalized(once)).toEqual(once);
      }),
      { numRuns: sized(200, 10_000) },
    );
  });

  test('leaves every problem where it was, whatever the config', () => {
    const problemsOf = (unit: FlagUnit): string[] =>
      compileSet([unit], []).problems.map(({ code, path }) => `${code} ${path}`);
    fc.assert(
      fc.property(wildFlags, (unit) => {
        expect(problemsOf(normalized(unit))).toEqual(problemsOf(unit));
      }),
      { numRuns: sized(200, 10_000) },
    );
  });

  test('changes no answer', () => {
    fc.assert(
      fc.property(
        tameSets,
        fc.array(contexts, { minLength: 5, maxLength: 5 }),
        nows,
        ({ flags, segments }, each, nowMs) => {
          const written = setOf(flags, segments);
          const stored = setOf(flags.map(normalized), segments);
          for (const key of FLAG_KEYS) {
            for (const context of each)
              expect(stored.evaluate(key, context, nowMs)).toEqual(written.evaluate(key, context, nowMs));
          }
        },
      ),
      { numRuns: sized(60, 2_000) },
    );
  });
});
