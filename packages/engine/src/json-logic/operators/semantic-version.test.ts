import { describe, expect, test } from 'vitest';
import type { JsonValue } from '../../model.ts';
import { resultOf } from '../outcome.fixture.ts';

const ROWS: readonly (readonly [JsonValue, JsonValue, string, JsonValue])[] = [
  [true, '1.2.3', '=', '1.2.3'],
  [true, 'v1.2.3', '=', 'V1.2.3'],
  [true, '1', '=', '1.0.0'],
  [true, '1.2', '=', '1.2.0'],
  [true, 1.2, '=', '1.2.0'],
  [true, 1, '=', '1.0.0'],
  [true, 999_999, '=', '999999.0.0'],
  [null, 1_000_000, '=', '1000000.0.0'],
  [null, 1_234_567.5, '>', '1.0.0'],
  [true, '1000000', '=', '1000000.0.0'],
  [null, -0, '=', '0.0.0'],
  [true, '1.2.3+b1', '=', '1.2.3+b2'],
  [false, '1.2.3', '!=', '1.2.3'],
  [false, '1.2.4', '=', '1.2.3'],
  [true, '1.2.4', '!=', '1.2.3'],
  [false, '1.2.3', '<', '1.2.3'],
  [false, '1.2.4', '<', '1.2.3'],
  [false, '1.2.4', '<=', '1.2.3'],
  [false, '1.2.3', '>', '1.2.3'],
  [false, '1.2.2', '>', '1.2.3'],
  [true, '1.2.3', '>=', '1.2.3'],
  [false, '1.2.2', '>=', '1.2.3'],
  [false, '1.2.3', '<', '1.2.3-alpha'],
  [true, '1.2.3', '>', '1.2.3-alpha'],
  // Numbers before words; words that only begin or end with digits are words.
  [true, '1.2.3-alpha', '>', '1.2.3-1'],
  [true, '1.2.3-99', '<', '1.2.3-1a'],
  [true, '1.2.3-1a', '>', '1.2.3-99'],
  [true, '1.2.3-99', '<', '1.2.3-a1'],
  [true, '1.2.3-a1', '>', '1.2.3-99'],
  [true, '1.2.3-10', '<', '1.2.3-11'],
  [true, '1.2.3-11', '>', '1.2.3-10'],
  [true, '1.2.3-b', '>', '1.2.3-a'],
  [true, '1.9.0', '<', '1.10.0'],
  [true, '1.2.3', '<=', '1.2.3'],
  [true, '99999999999999999999.0.0', '>', '99999999999999999998.9.9'],
  [true, '1.2.3-alpha', '<', '1.2.3'],
  [true, '1.2.3-1', '<', '1.2.3-alpha'],
  [true, '1.2.3-2', '<', '1.2.3-10'],
  [true, '1.2.3-alpha', '<', '1.2.3-alpha.1'],
  [true, '1.2.3-alpha.beta', '>', '1.2.3-alpha.1'],
  [true, '1.2.3-rc.1', '>=', '1.2.3-beta'],
  [true, '0.1.0', '^', '0.2.0'],
  [false, '1.0.0', '^', '2.0.0'],
  [true, '1.2.3-beta', '^', '1.0.0'],
  [true, '0.0.1', '~', '0.0.9'],
  [false, '1.2.0', '~', '1.3.0'],
  [false, '1.2.0', '~', '2.2.0'],
  ...[
    '01.2.3',
    '1.2.3.4',
    '1.2-beta',
    '1.2.3-',
    '1.2.3+',
    '1.x',
    '1.2.3 ',
    '-1.0.0',
    'vv1',
    '1.2.3-01',
    '',
  ].map((version): readonly [JsonValue, JsonValue, string, JsonValue] => [null, version, '=', '1.2.3']),
  [null, '1.2.3', '==', '1.2.3'],
  [null, '1.2.3', '=>', '1.2.3'],
  [null, null, '=', '1.0.0'],
  [null, true, '=', '1.0.0'],
  [null, '1.0.0', '=', 'x'],
  [true, '1.2.3-a1', '>', '1.2.3-999'],
  [true, '1.2.3-999', '<', '1.2.3-a1'],
  [true, '1.2.3-'.padEnd(256, 'a'), '<', '1.2.3'],
  [null, '1.2.3-'.padEnd(257, 'a'), '<', '1.2.3'],
];

describe('sem_ver', () => {
  test.each(ROWS)('%j: %j %s %j', (expected, a, relation, b) => {
    const written = { sem_ver: [{ var: 'a' }, relation, b] };
    const computed = { sem_ver: [{ var: 'a' }, { var: 'relation' }, { var: 'b' }] };
    expect([resultOf(written, { a }), resultOf(computed, { a, relation, b })]).toEqual([expected, expected]);
  });

  test.each([
    [['1.0.0', { var: 'relation' }, '1.0.0']],
    [['1.0.0', '=', { var: 'version' }]],
    [{ var: 'operands' }],
  ])('reads operands from the data: %j', (operands) => {
    const data = { relation: '=', version: '1.0.0', operands: ['1.0.0', '=', '1.0.0'] };
    expect(resultOf({ sem_ver: operands }, data)).toBe(true);
  });

  test.each([[[]], [['1.0.0', '=']], [['1.0.0', '=', '1.0.0', 1]], [null], ['1.0.0']])(
    'of %j is null',
    (operands) => {
      expect(resultOf({ sem_ver: operands })).toBeNull();
    },
  );
});
