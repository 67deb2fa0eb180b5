import type { JsonValue } from '@flagstream/engine';
import type { EvaluationContext } from '@openfeature/server-sdk';
import { describe, expect, it } from 'vitest';
import { contextOf } from './evaluation-context.ts';

function countValues(value: JsonValue): number {
  if (typeof value !== 'object' || value === null) return 1;
  return Object.values(value).reduce<number>((sum, member) => sum + countValues(member), 1);
}

describe('a context of OpenFeature', () => {
  it('keeps what is JSON, and dates as text', () => {
    const context = { targetingKey: 'u', at: new Date(0), bad: new Date(Number.NaN), list: [1, Number.NaN] };
    expect(contextOf(context)).toEqual({
      targetingKey: 'u',
      at: '1970-01-01T00:00:00.000Z',
      list: [1, null],
    });
  });

  it('is copied in part when it holds itself in many places', () => {
    const context: Record<string, unknown> = { targetingKey: 'u' };
    for (let i = 0; i < 50; i += 1) context[`again${i}`] = context;
    const copy = contextOf(context as EvaluationContext);
    expect(copy['targetingKey']).toBe('u');
    expect(countValues(copy)).toBeLessThanOrEqual(32_769);
  });
});
