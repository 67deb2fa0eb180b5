import { PassThrough } from 'node:stream';
import { finished } from 'node:stream/promises';
import { expect, it } from 'vitest';
import { passOnLines } from './whole-lines.ts';

it('passes on whole lines, whatever the pieces that they come in', async () => {
  const [first, second] = [new PassThrough(), new PassThrough()];
  const seen: string[] = [];
  const pass = (from: PassThrough): void =>
    passOnLines(
      from,
      (line) => seen.push(line),
      () => seen.push('too long\n'),
    );
  pass(first);
  pass(second);
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  first.write('{"a":"é'.slice(0, 6));
  await turn();
  second.write('{"b":1}\n{"b"');
  await turn();
  first.write(':1}\n');
  await turn();
  first.write('x'.repeat(1_048_577));
  first.end('\n{"last":1}');
  second.end();
  await Promise.all([finished(first), finished(second)]);
  expect(seen).toEqual(['{"b":1}\n', '{"a":":1}\n', 'too long\n', '{"last":1}\n', '{"b"\n']);
});
