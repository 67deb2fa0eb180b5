import { ENTITY_KIND } from '@flagstream/replica';
import { describe, expect, it } from 'vitest';
import {
  environmentId,
  flagConfigId,
  flagId,
  formatName,
  isFlagKey,
  isKey,
  parseName,
  projectId,
  requireName,
  segmentId,
} from './names.ts';

const ALL = [
  ['projects/shop', projectId('shop')],
  ['projects/shop/environments/production', environmentId('shop', 'production')],
  ['projects/shop/flags/new-checkout', flagId('shop', 'new-checkout')],
  ['projects/shop/flags/newCheckout_V2', flagId('shop', 'newCheckout_V2')],
  ['projects/shop/environments/production/flagConfigs/X', flagConfigId('shop', 'production', 'X')],
  ['projects/shop/segments/beta.testers', segmentId('shop', 'beta.testers')],
  ['projects/shop/environments/production/flagConfigs/x_1', flagConfigId('shop', 'production', 'x_1')],
] as const;

describe('resource names', () => {
  it.each(ALL)('%s names one entity, and back', (name, id) => {
    expect(parseName(name)).toEqual(id);
    expect(formatName(id)).toBe(name);
  });

  it.each([
    '',
    'projects',
    'projects/',
    'projects/Shop',
    'project/shop',
    'projects/shop/',
    'projects/shop/segments/Beta',
    'projects/shop/environments/Production',
    'projects/shop/environments/Production/flagConfigs/x',
    'projects/shop/flags/-A',
    'projects/shop/flags',
    'projects/shop/flags/',
    'projects/shop/flags/a/b',
    'projects/shop/keys/a',
    'projects/shop/flags/x/flagConfigs/y',
    'projects/shop/environments/e/flags/f',
    'projects/../flags/f',
    'projects/__proto__/flags/f',
    `projects/${'x'.repeat(129)}`,
  ])('%j names nothing', (name) => {
    expect(parseName(name)).toBeUndefined();
  });

  it('says which field and which form', () => {
    expect(() => requireName('flag.name', 'nope', ENTITY_KIND.flag)).toThrow(
      'flag.name: must be a name of the form projects/{project}/flags/{flag}, not "nope"',
    );
    expect(() => requireName('name', 'projects/p', ENTITY_KIND.flag)).toThrow(
      'projects/{project}/flags/{flag}',
    );
  });

  it('takes keys of 1 to 128 characters', () => {
    expect([
      isKey('a'),
      isKey('x'.repeat(128)),
      isKey('x'.repeat(129)),
      isKey(''),
      isKey('-a'),
      isKey('a b'),
      isKey('A'),
    ]).toEqual([true, true, false, false, false, false, false]);
    expect([isFlagKey('aB'), isFlagKey('X'.repeat(129)), isFlagKey(''), isFlagKey('A/b')]).toEqual([
      true,
      false,
      false,
      false,
    ]);
  });
});
