import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseInstant } from './instant.ts';

describe('parseInstant', () => {
  test.each([
    ['1970-01-01T00:00:00Z', 0],
    ['2026-01-31T09:00:00Z', Date.UTC(2026, 0, 31, 9)],
    ['2024-02-29t23:59:59.123456789z', Date.UTC(2024, 1, 29, 23, 59, 59, 123)],
    ['2026-03-01T00:30:00.5+01:45', Date.UTC(2026, 1, 28, 22, 45, 0, 500)],
    ['1969-12-31T23:59:59.999Z', -1],
    ['0000-03-01T00:00:00-00:00', -62_162_035_200_000],
    ['2026-01-01T00:00:00.123456789+23:59', Date.UTC(2025, 11, 31, 0, 1, 0, 123)],
    ['2026-01-01T00:00:00-01:30', Date.UTC(2026, 0, 1, 1, 30)],
    ['2000-02-29T00:00:00Z', Date.UTC(2000, 1, 29)],
    ['2026-10-31T00:00:00Z', Date.UTC(2026, 9, 31)],
  ])('reads %s', (text, instantMs) => {
    expect(parseInstant(text)).toBe(instantMs);
  });

  test.each([
    '',
    '2026-01-31',
    '2026-01-31T09:00Z',
    '2026-01-31T09:00:00',
    '2026-01-31 09:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-00-01T00:00:00Z',
    '2026-02-29T00:00:00Z',
    '1900-02-29T00:00:00Z',
    '2026-04-31T00:00:00Z',
    '2026-06-31T00:00:00Z',
    '2026-09-31T00:00:00Z',
    '2026-11-31T00:00:00Z',
    '2026-01-32T00:00:00Z',
    '2026-01-00T00:00:00Z',
    '2026-01-01T00:00:00+00:60',
    '2026-01-01T00:00:00Zx',
    '2026-01-01T00:00:00.123456789+01:00x',
    '2026-01-01T24:00:00Z',
    '2026-01-01T00:60:00Z',
    '2026-12-31T23:59:60Z',
    '2026-01-01T00:00:00+24:00',
    '2026-01-01T00:00:00.Z',
    '2026-01-01T00:00:00.1234567890Z',
    ' 2026-01-01T00:00:00Z',
    '+02026-01-01T00:00:00Z',
  ])('refuses %j', (text) => {
    expect(parseInstant(text)).toBeUndefined();
  });

  test('reads back every instant that the platform writes', () => {
    const instants = fc.integer({ min: Date.UTC(1, 0, 1), max: Date.UTC(9999, 11, 31) });
    fc.assert(
      fc.property(instants, (instantMs) => parseInstant(new Date(instantMs).toISOString()) === instantMs),
    );
  });
});
