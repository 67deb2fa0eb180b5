/** Passes a process's output on line by line, so that lines of several processes never mix. */
import type { Readable } from 'node:stream';
import { LineSplitter } from '../offline/line-splitter.ts';

/** Log lines have a few hundred bytes, one with a stack some thousands. */
const LINE_BYTES_MAX = 1_048_576;

/** @param tooLong called in place of a line that is longer than 1 MiB */
export function passOnLines(from: Readable, write: (line: string) => void, tooLong: () => void): void {
  const lines = new LineSplitter(LINE_BYTES_MAX);
  const pass = (line: Uint8Array | 'too long'): void => {
    if (line === 'too long') tooLong();
    else write(`${Buffer.from(line).toString()}\n`);
  };
  from.on('data', (chunk: Buffer) => {
    for (const line of lines.push(chunk)) pass(line);
  });
  from.on('end', () => {
    for (const line of lines.end()) pass(line);
  });
}
