// The second engine, in Python, against the same vectors as ours: what SPEC.md says is enough to write one.

import path from 'node:path';
import { expect } from 'vitest';
import { TestProcess } from '../support/process.ts';
import { requiresCommand } from '../support/requires-command.ts';

const RUN = path.join(import.meta.dirname, 'python', 'run.py');
const { test } = requiresCommand('python3', 'Python 3.9 or later');

test('the engine in Python agrees with every core vector', async () => {
  const python = new TestProcess('python', 'python3', [RUN]);
  const { code } = await python.exited;
  const lines = python.text('stdout').trim().split('\n');
  expect(lines.filter((line) => !line.includes(', 0 failed, '))).toEqual([]);
  expect(lines.at(-1)).toMatch(/^all: [1-9]\d{3} passed, 0 failed, \d+ skipped$/);
  expect(code).toBe(0);
});
