/**
 * Applies an operator's test to a scalar, or to the elements of an array: any
 * element matches.
 */
import { isJsonArray } from '../json-array.ts';
import { LIMITS } from '../limits.ts';
import type { OperatorTest } from './operator.ts';

export function anyElement(test: OperatorTest): OperatorTest {
  return (actual) => {
    if (typeof actual !== 'object') return test(actual);
    if (!isJsonArray(actual)) return undefined;
    const length = Math.min(actual.length, LIMITS.contextItems);
    for (let i = 0; i < length; i += 1) {
      const element = actual[i];
      if (element !== undefined && typeof element !== 'object' && test(element) === true) return true;
    }
    return false;
  };
}
