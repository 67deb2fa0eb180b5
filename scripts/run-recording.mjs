// What one `make test` run was told by everything it started: log lines, output, pages of management ports, refusals.
// Each process of the run appends to a file of its own in one folder; scripts/run-search.mjs reads them all afterwards.
// An entry is a line of JSON: {kind, of, during, text}.

import { appendFileSync, closeSync, existsSync, openSync, readdirSync, readSync } from 'node:fs';
import path from 'node:path';
import { StringDecoder } from 'node:string_decoder';

/** Names the folder to the tests. Processes that they start do not get it (test/support/process.ts). */
export const RECORDING_VARIABLE = 'FLAGSTREAM_TEST_RECORDING';

/** What can be heard: a full run hears each of these, or something does not listen any more. */
export const HEARD_KINDS = ['output', 'log', 'page', 'refusal', 'report'];

/** The kind of the last entry of a file that took no more. */
export const CUT = 'cut';

/** A whole run writes some 6 MB; a process that goes on printing must not fill the disk. */
const FILE_BYTES_MAX = 128 * 2 ** 20;
const BATCH_CHARACTERS = 2 ** 18;
const READ_BYTES = 2 ** 20;

export class RunRecording {
  #file;
  #bytesLeft;
  #entries = [];
  #characters = 0;

  /** @param {string} folder @param {string} writer part of a file name */
  constructor(folder, writer, bytesMax = FILE_BYTES_MAX) {
    this.#file = path.join(folder, `${writer}.jsonl`);
    this.#bytesLeft = bytesMax;
  }

  /** @param {{kind: string, of: string, during: string, text: string}} entry `of`: who said it; `during`: test file */
  add(entry) {
    const line = `${JSON.stringify(entry)}\n`;
    this.#entries.push(line);
    this.#characters += line.length;
    if (this.#characters >= BATCH_CHARACTERS) this.flush();
  }

  /** Writes at once: it is also called while a process exits. */
  flush() {
    const text = this.#entries.join('');
    this.#entries = [];
    this.#characters = 0;
    if (text === '' || this.#bytesLeft <= 0) return;
    const bytes = Buffer.from(text);
    this.#bytesLeft -= bytes.length;
    if (this.#bytesLeft > 0) appendFileSync(this.#file, bytes);
    else appendFileSync(this.#file, `${JSON.stringify({ kind: CUT, of: '', during: '', text: '' })}\n`);
  }
}

/** All entries of a folder, one after the other. */
export function* readRecording(folder) {
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder).sort())
    for (const line of linesOf(path.join(folder, name))) yield JSON.parse(line);
}

/** A file may be larger than the longest string. */
function* linesOf(file) {
  const descriptor = openSync(file, 'r');
  try {
    const buffer = Buffer.alloc(READ_BYTES);
    const decoder = new StringDecoder('utf8');
    let rest = '';
    for (let read = readSync(descriptor, buffer); read > 0; read = readSync(descriptor, buffer)) {
      const lines = (rest + decoder.write(buffer.subarray(0, read))).split('\n');
      rest = lines.pop() ?? '';
      yield* lines;
    }
    // A process that was killed while it wrote leaves half a line, which is no JSON: nothing lost is passed over.
    if (rest !== '') yield rest;
  } finally {
    closeSync(descriptor);
  }
}
