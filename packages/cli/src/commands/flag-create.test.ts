import { FlagKind } from '@flagstream/protocol/gen/flagstream/v1/model';
import { describe, expect, it } from 'vitest';
import { parseVariant } from './flag-create.ts';

describe('parseVariant', () => {
  it('takes text as it is and the rest as JSON', () => {
    expect(parseVariant('red=#c00=x', FlagKind.STRING)).toMatchObject({
      key: 'red',
      value: '#c00=x',
      description: '',
    });
    expect(parseVariant('small={"results":20}', FlagKind.OBJECT).value).toEqual({ results: 20 });
    expect(parseVariant('high=1.5', FlagKind.NUMBER).value).toBe(1.5);
  });

  it('says how a variant is written', () => {
    expect(() => parseVariant('red', FlagKind.STRING)).toThrow('a variant is key=value');
    expect(() => parseVariant('on=yes', FlagKind.BOOLEAN)).toThrow('"yes" is not JSON');
  });
});
