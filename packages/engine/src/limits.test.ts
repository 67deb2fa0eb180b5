import { expect, test } from 'vitest';
import { ENGINE_LIMITS, LIMITS } from './limits.ts';

test('every limit is there by its name', () => {
  expect(ENGINE_LIMITS).toEqual(LIMITS);
  expect(ENGINE_LIMITS['conditionDepth']).toBe(20);
});
