// Runs in every test file's worker before the file: what the file holds open is released after its last test. In a
// run that is recorded (recording.ts), what is said in this process is heard from here on.

import path from 'node:path';
import { afterAll, expect } from 'vitest';
import { flushRecording, isRecording, nameTestFile } from './recording.ts';
import { releaseAll } from './resources.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');

nameTestFile(path.relative(ROOT, expect.getState().testPath ?? ''));
if (isRecording) await import('./recorded-process.ts');

afterAll(async () => {
  await releaseAll();
  // What a process said at its end has arrived with it.
  flushRecording();
});
