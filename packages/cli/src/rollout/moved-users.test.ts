import { Flag, FlagConfig } from '@flagstream/protocol/gen/flagstream/v1/model';
import { describe, expect, it } from 'vitest';
import { editRollout } from './edit-rollout.ts';
import { movedUsers } from './moved-users.ts';

const flag = Flag.fromJSON({
  kind: 'FLAG_KIND_BOOLEAN',
  variants: [
    { key: 'on', value: true },
    { key: 'off', value: false },
  ],
});
const off = FlagConfig.fromJSON({ fallthrough: { variant: 'off' } });
const on = FlagConfig.fromJSON({ fallthrough: { variant: 'on' } });
const rolledOut = (config: FlagConfig, weight: number): FlagConfig =>
  editRollout(flag, config, { variant: undefined, weight, ruleId: undefined });

describe('movedUsers', () => {
  it.each([
    ['off for all to 40% on', off, rolledOut(off, 40_000), 0.4],
    ['on for all to 40% on', on, rolledOut(on, 40_000), 0.6],
    ['off for all to 0% on', off, rolledOut(off, 0), 0],
    ['a tenth to a half', rolledOut(off, 10_000), rolledOut(rolledOut(off, 10_000), 50_000), 0.4],
    ['a tenth to on for all', rolledOut(off, 10_000), on, 0.9],
    ['off to on', off, on, 1],
  ])('from %s', (_, before, after, share) => {
    expect(movedUsers(before, after, undefined)).toBeCloseTo(share, 9);
  });

  it('counts in the numbers that the gate of the split gives', () => {
    const gated = FlagConfig.fromJSON({
      fallthrough: {
        split: {
          gate: { offset: 1, buckets: 100 },
          entries: [
            { variant: 'on', weight: 25_000 },
            { variant: 'off', weight: 75_000 },
          ],
        },
      },
    });
    expect(movedUsers(off, gated, undefined)).toBeCloseTo(0.25, 9);
    expect(movedUsers(gated, on, undefined)).toBeCloseTo(0.75, 9);
  });

  it('is of the named rule, and unknown where the caller decides', () => {
    const config = FlagConfig.fromJSON({ rules: [{ id: 'staff', serve: { variant: 'off' } }] });
    const edited = editRollout(flag, config, { variant: 'on', weight: 20_000, ruleId: 'staff' });
    expect(movedUsers(config, edited, 'staff')).toBeCloseTo(0.2, 9);
    expect(movedUsers(config, edited, undefined)).toBeUndefined();
    expect(movedUsers(config, rolledOut(config, 50_000), undefined)).toBeUndefined();
  });
});
