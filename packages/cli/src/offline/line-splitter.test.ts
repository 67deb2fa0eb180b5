import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LineSplitter } from './line-splitter.ts';

/** Lines as text, of chunks cut at these places. */
function split(text: string, cuts: readonly number[], bytesMax: number): string[] {
  const bytes = Buffer.from(text);
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  const splitter = new LineSplitter(bytesMax);
  const lines = places.slice(1).flatMap((end, i) => [...splitter.push(bytes.subarray(places[i], end))]);
  return [...lines, ...splitter.end()].map((line) =>
    typeof line === 'string' ? line : Buffer.from(line).toString(),
  );
}

describe('LineSplitter', () => {
  it('finds the same lines wherever the chunks are cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: fc.constantFrom('a', 'é', '𝄞', '\r') }), { minLength: 1 }),
        fc.array(fc.nat()),
        fc.boolean(),
        (lines, cuts, ended) => {
          const text = `${lines.join('\n')}${ended ? '\n' : ''}`;
          // Nothing after the last newline is no line.
          const expected = !ended && lines.at(-1) === '' ? lines.slice(0, -1) : lines;
          expect(split(text, cuts, 1_000)).toEqual(expected);
        },
      ),
    );
  });

  it('drops a line that is too long and goes on with the next', () => {
    expect(split(`ab\n${'c'.repeat(11)}\n${'d'.repeat(10)}\n`, [5, 7, 14], 10)).toEqual([
      'ab',
      'too long',
      'dddddddddd',
    ]);
    expect(split('c'.repeat(11), [], 10)).toEqual(['too long']);
  });
});
