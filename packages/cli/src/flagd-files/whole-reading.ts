/**
 * Reads a file that somebody may be writing: what was read is told only when the file was the same before and after.
 * A writer that pauses between two writes is not noticed here: that a text is broken is judged with patience elsewhere.
 */
import type { BigIntStats } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { LIMITS, messageOf } from '@flagstream/protocol';

export type Reading =
  | { readonly outcome: 'read'; readonly text: string; readonly signature: Signature }
  | { readonly outcome: 'unreadable'; readonly reason: string }
  /** It changed under each attempt. */
  | { readonly outcome: 'unsettled' };

/** What tells that a file is another, or holds something else, without reading it. */
export interface Signature {
  readonly text: string;
  readonly modifiedMs: number;
}

/** An administrator's apply is as large. */
const BYTES_MAX = LIMITS.adminRequestBytesMax;
const ATTEMPTS = 5;
const PAUSE_MS = 20;

export async function readWhole(file: string): Promise<Reading> {
  try {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      if (attempt > 0) await delay(PAUSE_MS);
      // Opening a pipe without a writer would wait for ever.
      if (!(await stat(file)).isFile()) return unreadable('is no regular file');
      const reading = await readOnce(file);
      if (reading !== undefined) return reading;
    }
    return { outcome: 'unsettled' };
  } catch (error) {
    return unreadable(`cannot be read: ${messageOf(error)}`);
  }
}

/** Undefined where there is no such file. */
export async function signatureOf(file: string): Promise<Signature | undefined> {
  try {
    return signature(await stat(file, { bigint: true }));
  } catch {
    return undefined;
  }
}

async function readOnce(file: string): Promise<Reading | undefined> {
  const handle = await open(file, 'r');
  try {
    const before = await handle.stat({ bigint: true });
    if (before.size > BYTES_MAX) return unreadable(`is larger than ${BYTES_MAX} bytes`);
    const text = await handle.readFile('utf8');
    // By its path: it may have been replaced by another.
    const after = await signatureOf(file);
    if (after === undefined || after.text !== signature(before).text) return undefined;
    return { outcome: 'read', text, signature: after };
  } finally {
    await handle.close();
  }
}

function unreadable(reason: string): Reading {
  return { outcome: 'unreadable', reason };
}

function signature({ dev, ino, size, mtimeNs, ctimeNs, mtimeMs }: BigIntStats): Signature {
  return { text: [dev, ino, size, mtimeNs, ctimeNs].join(' '), modifiedMs: Number(mtimeMs) };
}
