import { type FlagConfigDefinition, movedShare, normalizeConfig } from '@flagstream/engine';
import { Flag, FlagConfig } from '@flagstream/protocol/gen/flagstream/v1/model';
import { describe, expect, it } from 'vitest';
import { apportion, editRollout } from './edit-rollout.ts';

const checkout = Flag.fromJSON({
  kind: 'FLAG_KIND_BOOLEAN',
  variants: [
    { key: 'on', value: true },
    { key: 'off', value: false },
  ],
  offVariant: 'off',
});
const banner = Flag.fromJSON({
  kind: 'FLAG_KIND_STRING',
  variants: ['red', 'green', 'blue'].map((key) => ({ key, value: key })),
});

/** As the control plane stores it. */
function stored(config: FlagConfig): FlagConfig {
  const { config: normalized, problems } = normalizeConfig(
    'flag',
    FlagConfig.toJSON(config) as FlagConfigDefinition,
  );
  expect(problems).toEqual([]);
  return FlagConfig.fromJSON(normalized);
}

function weights(config: FlagConfig): Record<string, number> {
  const outcome = config.fallthrough?.outcome;
  if (outcome?.$case !== 'split') throw new Error('no split');
  return Object.fromEntries(outcome.value.entries.map((entry) => [entry.variant, entry.weight]));
}

describe('editRollout', () => {
  const rollout = (flag: Flag, config: FlagConfig, weight: number, variant?: string): FlagConfig =>
    stored(editRollout(flag, config, { variant, weight, ruleId: undefined }));

  it('begins from a variant, and from nothing', () => {
    const off = FlagConfig.fromJSON({ fallthrough: { variant: 'off' } });
    expect(weights(rollout(checkout, off, 10_000))).toEqual({ on: 10_000, off: 90_000 });
    expect(weights(rollout(checkout, FlagConfig.fromJSON({}), 10_000))).toEqual({ on: 10_000, off: 90_000 });
    const on = FlagConfig.fromJSON({ fallthrough: { variant: 'on' } });
    expect(weights(rollout(checkout, on, 50_000))).toEqual({ on: 50_000, off: 50_000 });
  });

  it('moves only the users that must move', () => {
    const tenth = rollout(checkout, FlagConfig.fromJSON({}), 10_000);
    const half = rollout(checkout, tenth, 50_000);
    const splits = [tenth, half].map(
      (config) => (FlagConfig.toJSON(config) as FlagConfigDefinition).fallthrough!.split!,
    );
    expect(movedShare(splits[0]!, splits[1]!)).toBeCloseTo(0.4, 9);
    expect(weights(rollout(checkout, half, 0))).toEqual({ on: 0, off: 100_000 });
  });

  it('keeps the proportion of the other variants', () => {
    const config = stored(
      FlagConfig.fromJSON({
        fallthrough: {
          split: {
            entries: [
              { variant: 'red', weight: 60_000 },
              { variant: 'green', weight: 30_000 },
              { variant: 'blue', weight: 10_000 },
            ],
          },
        },
      }),
    );
    expect(weights(rollout(banner, config, 55_000, 'blue'))).toEqual({
      red: 30_000,
      green: 15_000,
      blue: 55_000,
    });
  });

  it('edits one rule and leaves the rest', () => {
    const config = FlagConfig.fromJSON({
      rules: [{ id: 'staff', serve: { variant: 'on' } }],
      fallthrough: { variant: 'off' },
    });
    const edited = editRollout(checkout, config, { variant: 'on', weight: 20_000, ruleId: 'staff' });
    expect(edited.fallthrough).toEqual(config.fallthrough);
    expect(edited.rules[0]!.serve!.outcome!.$case).toBe('split');
  });

  it('names what does not fit the flag', () => {
    const edit = (variant: string | undefined, ruleId?: string): unknown =>
      editRollout(banner, FlagConfig.fromJSON({}), { variant, weight: 1, ruleId });
    expect(() => edit('gren')).toThrow(
      '--variant: the flag has no variant "gren"; there are red, green, blue (did you mean green?)',
    );
    expect(() => edit(undefined)).toThrow('--variant: name the variant; there are red, green, blue');
    expect(() => edit('red', 'x')).toThrow('--rule: there is no rule "x"');
  });
});

describe('apportion', () => {
  it('always adds up', () => {
    expect(apportion(100_000, [1, 1, 1])).toEqual([33_334, 33_333, 33_333]);
    expect(apportion(7, [0, 0])).toEqual([7, 0]);
    expect(apportion(0, [3, 4])).toEqual([0, 0]);
  });
});
