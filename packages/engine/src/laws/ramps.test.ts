import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { setOf, switchUnit } from '../definitions.fixture.ts';
import type { FlagConfigDefinition, GateMatchDefinition, SplitDefinition } from '../model.ts';
import { normalizeConfig } from '../normalize-config.ts';
import type { CompiledSet } from '../set/compiled-set.ts';
import { contexts } from './contexts.fixture.ts';
import { LAW_TIMEOUT_MS, sized } from './full-size.fixture.ts';
import { groups, growingRamps, tameGates, weightLists } from './tame-parts.fixture.ts';
import { nows } from './vocabulary.fixture.ts';

const subjects = fc.array(contexts, { minLength: 20, maxLength: 20 });
const numRuns = sized(80, 3_000);

const everybody: SplitDefinition = { entries: [{ variant: 'on', weight: 100_000 }] };

/** The places where a match decides who gets "on". */
const PLACES: Readonly<Record<string, (match: GateMatchDefinition) => FlagConfigDefinition>> = {
  'a condition': (gate) => ({ rules: [{ id: 'r', condition: { gate }, serve: { variant: 'on' } }] }),
  'the traffic of a split': (match) => ({ fallthrough: { split: { ...everybody, traffic: [match] } } }),
  'an entry of a split': (match) => ({
    fallthrough: { split: { entries: [{ variant: 'on', alsoAlone: true, also: [match] }] } },
  }),
  'a holdout': (match) => ({ holdouts: [{ id: 'h', subjects: match, variant: 'on' }] }),
};

function onSwitch(config: FlagConfigDefinition): CompiledSet {
  return setOf([switchUnit('f', { ...config, enabled: true })]);
}

describe('a subject that is in', { timeout: LAW_TIMEOUT_MS }, () => {
  test.each(Object.keys(PLACES))('stays in while the ramp of %s grows', (place) => {
    let entered = 0;
    fc.assert(
      fc.property(
        groups,
        tameGates,
        growingRamps,
        fc.array(nows, { minLength: 2, maxLength: 8 }),
        subjects,
        (group, gate, ramp, instants, each) => {
          const set = onSwitch(PLACES[place]!({ ...group, gate, ramp: ramp(gate) }));
          const ordered = [...instants].sort((a, b) => a - b);
          for (const context of each) {
            const inside = ordered.map((nowMs) => set.evaluate('f', context, nowMs).variant === 'on');
            expect(inside).toEqual([...inside].sort((a, b) => Number(a) - Number(b)));
            if (inside.at(-1) === true && inside[0] === false) entered += 1;
          }
        },
      ),
      { numRuns },
    );
    expect(entered).toBeGreaterThan(0);
  });

  test('stays in while its variant gains weight, whatever the others do', () => {
    const histories = fc
      .array(weightLists(3), { minLength: 2, maxLength: 5 })
      .map((lists) => lists.sort(([a], [b]) => a! - b!));
    let entered = 0;
    fc.assert(
      fc.property(tameGates, histories, subjects, (gate, history, each) => {
        let split: SplitDefinition = {
          gate: { ...gate, upperClosed: false },
          entries: ['on', 'off', 'on'].map((variant) => ({ variant })),
        };
        const sets = history.map(([on, off, rest]) => {
          const weights = [on, off, rest];
          const entries = split.entries!.map((entry, index) => ({ ...entry, weight: weights[index]! }));
          const { config } = normalizeConfig('f', { fallthrough: { split: { ...split, entries } } });
          split = config.fallthrough!.split!;
          const renamed = split.entries!.map((entry, index) => ({
            ...entry,
            variant: index === 0 ? 'on' : 'off',
          }));
          return onSwitch({ fallthrough: { split: { ...split, entries: renamed } } });
        });
        for (const context of each) {
          const inside = sets.map((set) => set.evaluate('f', context, 0).variant === 'on');
          expect(inside).toEqual([...inside].sort((a, b) => Number(a) - Number(b)));
          if (inside.at(-1) === true && inside[0] === false) entered += 1;
        }
      }),
      { numRuns },
    );
    expect(entered).toBeGreaterThan(0);
  });
});
