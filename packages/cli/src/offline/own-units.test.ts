import { describe, expect, it } from 'vitest';
import { loadDocuments } from '../document/load-documents.ts';
import { OfflineFlags } from './offline-flags.ts';
import { chooseEnvironment, ownUnits } from './own-units.ts';

const SHOP = `
format: flagstream/v1
project: shop
environments: [{ name: staging }, { name: production }]
segments:
  - { name: staff, included: [ann] }
  - { name: broken, condition: { segment: nowhere } }
flags:
  - flag: { name: plain, kind: FLAG_KIND_BOOLEAN }
    configs:
      production:
        enabled: true
        rules:
          - { condition: { segment: staff }, serve: { variant: "on" } }
          - { serve: { split: { entries: [{ variant: "on", weight: 100000 }, { variant: "off" }] } } }
  - flag: { name: any, kind: FLAG_KIND_ANY, variants: [{ key: none, value: null }, { key: big, value: 9007199254740991 }] }
    configs: { production: { enabled: true, fallthrough: { variant: none } } }
  - flag: { name: wrong, kind: FLAG_KIND_BOOLEAN }
    configs: { production: { enabled: true, fallthrough: { variant: third }, offVariant: fourth } }
`;

const NO_WISH = { named: undefined, preferred: undefined };

function set(text: string) {
  return loadDocuments([{ file: 'f.yaml', text }], 'shop').set;
}

function offline(environment: string | undefined): OfflineFlags {
  const { flags, segments } = ownUnits(set(SHOP), environment);
  return new OfflineFlags(flags, segments, [], () => undefined);
}

describe('the environment of a file', () => {
  it('is the named one, the only one, or the one preferred among several', () => {
    const one = set('{"format":"flagstream/v1","environments":[{"name":"only"}]}');
    expect(chooseEnvironment(set(SHOP), { named: 'staging', preferred: 'production' }, 'f')).toBe('staging');
    expect(chooseEnvironment(set(SHOP), { named: undefined, preferred: 'production' }, 'f')).toBe(
      'production',
    );
    expect(chooseEnvironment(one, { named: undefined, preferred: 'production' }, 'f')).toBe('only');
    expect(chooseEnvironment(set('{"format":"flagstream/v1"}'), NO_WISH, 'f')).toBeUndefined();
  });

  it('must be named among several, and be there', () => {
    expect(() => chooseEnvironment(set(SHOP), NO_WISH, 'f')).toThrow(
      expect.objectContaining({
        message: 'f has several environments',
        next: 'Name one with -e: production, staging.',
      }),
    );
    expect(() => chooseEnvironment(set(SHOP), { named: 'live', preferred: undefined }, 'f')).toThrow(
      expect.objectContaining({ message: 'f has no environment live', next: 'It has: production, staging.' }),
    );
  });
});

describe('flags of a file', () => {
  it('are filled in as the control plane fills them in', () => {
    const flags = offline('production');
    expect(flags.evaluate('plain', { targetingKey: 'ann' }, 0)).toMatchObject({
      value: true,
      ruleId: 'rule-1',
    });
    expect(flags.evaluate('plain', { targetingKey: 'bob' }, 0)).toMatchObject({
      value: true,
      ruleId: 'rule-2',
    });
    expect(offline('staging').evaluate('plain', {}, 0)).toMatchObject({ value: false, reason: 'DISABLED' });
    expect(offline(undefined).evaluate('plain', {}, 0)).toMatchObject({ value: false, enabled: false });
  });

  it('keep a value that is null', () => {
    expect(offline('production').evaluate('any', {}, 0)).toMatchObject({ value: null, variant: 'none' });
  });

  it('answer why they are refused, and are listed', () => {
    const flags = offline('production');
    expect(flags.evaluate('wrong', {}, 0)).toMatchObject({
      value: undefined,
      enabled: false,
      errorCode: 'PARSE_ERROR',
      errorMessage: expect.stringMatching(/^refused: fallthrough\.variant: .*"third".* \(and 1 more\)$/),
    });
    expect(flags.refused.map(({ kind, key }) => [kind, key])).toEqual([
      ['segment', 'broken'],
      ['flag', 'wrong'],
    ]);
    expect(flags.keys()).toEqual(['any', 'plain', 'wrong']);
    expect(flags.evaluate('gone', {}, 0)).toMatchObject({ errorCode: 'FLAG_NOT_FOUND' });
  });
});
