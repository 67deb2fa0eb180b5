// Whatever a test is told is heard by the recording of a run: a program that is told secrets in every way, and the
// search of what was heard.

import { createRequire } from 'node:module';
import path from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { parseToken } from '@flagstream/protocol';
import { expect, test } from 'vitest';
import { RECORDING_VARIABLE, readRecording } from '../../scripts/run-recording.mjs';
import { searchRecording } from '../../scripts/run-search.mjs';
import { TestProcess } from './process.ts';
import { tempDir } from './temp-dir.ts';

const PROGRAM = path.join(import.meta.dirname, 'told-secrets.fixture.ts');

test('all that a test is told is recorded, but what a command prints for who typed it', async () => {
  const folder = tempDir('recording');
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
  const words = ['--conditions=source', '--import', tsx, PROGRAM];
  const program = new TestProcess('told secrets', process.execPath, words, {
    env: { [RECORDING_VARIABLE]: folder },
  });
  expect(await program.exited, program.text('stderr')).toEqual({ code: 0, signal: null });
  const { findings } = searchRecording(readRecording(folder), { parseToken, kinds: [] });
  const found = findings.map((finding) =>
    /^private value (in .*), 1x:.*\[private value (.*)\]/.exec(finding)?.slice(1),
  );
  expect(found.sort()).toEqual([
    ['in log of a server in the test (the fixture)', 'log'],
    ['in output of stderr of eval (the fixture)', 'stderr'],
    ['in output of stderr of serve (the fixture)', 'stderr'],
    ['in output of stdout of serve (the fixture)', 'stdout'],
    ['in page of /metrics (the fixture)', 'page'],
    ['in refusal of /flagstream.v1.AdminService/ListProjects (the fixture)', 'refusal'],
  ]);
});
