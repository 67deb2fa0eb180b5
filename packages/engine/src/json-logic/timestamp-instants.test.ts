import { describe, expect, test } from 'vitest';
import { COLOUR } from '../answers.fixture.ts';
import { setOf } from '../definitions.fixture.ts';
import type { JsonValue } from '../model.ts';
import { timestampInstants } from './timestamp-instants.ts';

const TIME = { var: '$flagd.timestamp' };

describe('the instants at which an expression turns', () => {
  test.each<[JsonValue, number[]]>([
    [{ '>': [TIME, 100] }, [100_000, 101_000]],
    [{ '<': [100.5, TIME] }, [101_000, 101_000]],
    [{ '<=': ['100', TIME, 200] }, [100_000, 101_000, 200_000, 201_000]],
    [{ '==': [{ var: ['$flagd.timestamp', 0] }, 7] }, [7_000, 8_000]],
    [{ if: [{ and: [true, { '>=': [TIME, 5] }] }, 'a', { '<': [TIME, 9] }] }, [5_000, 6_000, 9_000, 10_000]],
    [{ '!=': [TIME, 7] }, [7_000, 8_000]],
    [{ '===': [TIME, 7] }, [7_000, 8_000]],
    [{ '!==': [TIME, 7] }, [7_000, 8_000]],
    [{ '<': [null, TIME, [5], {}, { var: null }] }, []],
    [{ '<': TIME }, []],
    [{ '+': [TIME, 5] }, []],
    [{ '==': [{ var: ['age'] }, 5] }, []],
    [{ '==': [{ age: 1 }, 5] }, []],
    [{ '>': [{ var: 'age' }, 100] }, []],
    [{ '>': [TIME, { var: 'start' }] }, []],
    [{ '>': [TIME, 'soon'] }, []],
    ['a', []],
  ])('%j: %j', (expression, instants) => {
    expect(timestampInstants(expression)).toEqual(instants);
  });

  test('are transitions of the flag', () => {
    const jsonLogic = { if: [{ '>=': [TIME, 100] }, 'red', 'blue'] };
    const config = { enabled: true, rules: [{ id: 'r', serve: { jsonLogic } }] };
    const set = setOf([{ key: 'colour', flag: COLOUR, config }]);
    expect(set.nextTransition(0)).toBe(100_000);
    expect([99_999, 100_000].map((nowMs) => set.evaluate('colour', {}, nowMs).variant)).toEqual([
      'blue',
      'red',
    ]);
  });
});
