import { describe, expect, test } from 'vitest';
import { LIMITS } from '../limits.ts';
import type { JsonValue } from '../model.ts';
import { Walk } from '../walk.ts';
import { ByteWriter } from './byte-writer.ts';
import { writeCbor } from './cbor.ts';
import { Run } from './expression.ts';

function hexOf(value: JsonValue): string {
  const walk = new Walk({ flag: () => undefined, segment: () => undefined });
  const writer = new ByteWriter(1);
  writeCbor(value, writer, new Run(walk, { operators: new Map(), flagKey: undefined }, null));
  return Array.from(writer.since(0), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** The examples of RFC 8949, appendix A, that JSON has, and the dialect's whole floats. */
const ROWS: readonly (readonly [string, JsonValue])[] = [
  ['00', 0],
  ['00', -0],
  ['17', 23],
  ['1818', 24],
  ['18ff', 255],
  ['190100', 256],
  ['1903e8', 1000],
  ['1a000f4240', 1_000_000],
  ['1b000000e8d4a51000', 1_000_000_000_000],
  ['1bfffffffffffff800', 2 ** 64 - 2048],
  ['fa5f800000', 2 ** 64],
  ['20', -1],
  ['3863', -100],
  ['3903e7', -1000],
  ['3b001fffffffffffff', -(2 ** 53)],
  ['3b0020000000000001', -(2 ** 53) - 2],
  ['3b7fffffffffffffff', -(2 ** 63)],
  ['fadf000001', -(2 ** 63) * (1 + 2 ** -23)],
  ['fb3ff199999999999a', 1.1],
  ['f93e00', 1.5],
  ['f90001', 2 ** -24],
  ['f90400', 2 ** -14],
  ['f903ff', 2 ** -14 - 2 ** -24],
  ['f93555', 0.333251953125],
  ['fbc010666666666666', -4.1],
  ['fa47c35040', 100_000.5],
  ['fb7e37e43c8800759c', 1e300],
  ['f4', false],
  ['f5', true],
  ['f6', null],
  ['60', ''],
  ['6161', 'a'],
  ['62c3bc', 'ü'],
  ['64f0908591', '\u{10151}'],
  ['80', []],
  ['8301820203820405', [1, [2, 3], [4, 5]]],
  ['a0', {}],
  ['a2616101616202', { b: 2, a: 1 }],
  ['a261620162616102', { aa: 2, b: 1 }],
  [`7818${'61'.repeat(24)}`, 'a'.repeat(24)],
  ['f97e00', Number.NaN],
  ['f97c00', Infinity],
  ['f9fc00', -Infinity],
];

describe('deterministic CBOR', () => {
  test.each(ROWS)('%s is %j', (hex, value) => {
    expect(hexOf(value)).toBe(hex);
  });

  test('holds values as deep as expressions may be', () => {
    const nested = (depth: number): JsonValue => (depth === 0 ? 1 : [nested(depth - 1)]);
    expect(hexOf(nested(LIMITS.expressionDepth))).toBe(`${'81'.repeat(LIMITS.expressionDepth)}01`);
    expect(() => hexOf(nested(LIMITS.expressionDepth + 1))).toThrow('nested deeper than');
  });

  test('is left with an error for values that are too deep or too large', () => {
    const cyclic: Record<string, JsonValue> = {};
    cyclic['self'] = cyclic;
    expect(() => hexOf(cyclic)).toThrow('nested deeper than');
    expect(() => hexOf(cyclic)).toThrow(expect.objectContaining({ code: 'GENERAL' }));
    expect(() => hexOf(new Array<JsonValue>(1_000_000).fill(1))).toThrow('steps');
  });
});
