// What this process hears of Flagstream, for the search that ends `make test` (scripts/run-search.mjs). Without
// a folder to record into, as outside of `make test`, nothing is kept.

import process from 'node:process';
import { threadId } from 'node:worker_threads';
import { RECORDING_VARIABLE, RunRecording } from '../../scripts/run-recording.mjs';

/**
 * - output: a line that a process printed
 * - log: a line of a server in this process
 * - page: a line that a management port answered
 * - refusal: a failed call, as its caller gets it
 */
type Heard = 'output' | 'log' | 'page' | 'refusal';

const NAME_LENGTH_MAX = 160;
/** Lines of pages by which one is known again; more are recorded each time. */
const PAGE_LINES_KEPT = 100_000;

const folder = process.env[RECORDING_VARIABLE];
const recording =
  folder === undefined ? undefined : new RunRecording(folder, `tests-${process.pid}-${threadId}`);
const pageLines = new Set<string>();
let testFile = '';

export const isRecording: boolean = recording !== undefined;

if (recording !== undefined) process.once('exit', () => recording.flush());

/** Which test file runs from here on. */
export function nameTestFile(file: string): void {
  testFile = file;
}

/** @param of who said it: a program with its arguments, a service, a method */
export function record(kind: Heard, of: string, text: string): void {
  if (text !== '') recording?.add({ kind, of: of.slice(0, NAME_LENGTH_MAX), during: testFile, text });
}

/** A page, of which each line is kept once whatever its number: tests ask for the same pages again and again. */
export function recordPage(of: string, page: string): void {
  if (recording === undefined) return;
  for (const line of page.split('\n')) {
    const known = line.replace(/ [-+.\de]+$/, '');
    if (pageLines.has(known)) continue;
    if (pageLines.size < PAGE_LINES_KEPT) pageLines.add(known);
    record('page', of, line);
  }
}

/** To the disk, before who runs the tests ends this process. */
export function flushRecording(): void {
  recording?.flush();
}
