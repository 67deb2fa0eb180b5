// `flagstream watch` against a real `flagstream dev`, while others change flags.

import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type DevInstance, startDev } from '../support/dev-instance.ts';
import { revisionIn, startFlagstream } from '../support/flagstream.ts';
import type { TestProcess } from '../support/process.ts';
import { runCommand } from '../support/run-command.ts';

let dev: DevInstance;

beforeAll(async () => {
  dev = await startDev({ seed: 'demo' });
  for (const [name, value] of Object.entries(dev.env)) vi.stubEnv(name, value);
});

afterAll(() => {
  vi.unstubAllEnvs();
});

const run = (...words: string[]): ReturnType<typeof runCommand> => runCommand(words);

describe('watch', () => {
  const watch = (...words: string[]): TestProcess => startFlagstream(['watch', ...words], { env: dev.env });

  test('prints each change as it happens, and ends with 130 on Ctrl-C', async () => {
    await run('flag', 'create', 'watched', '--enable');
    const results = watch('flags', '-c', '{"targetingKey":"u"}', '--flag', 'watched');
    const notices = watch('--flag', 'watched');
    const changes = watch('changes', '--since', '1', '--flag', 'watched', '-o', 'json');
    await results.waitForLine(/^\d+ watched = true \(on\) /);
    await changes.waitForLine('CHANGE_ACTION_CREATE');
    await notices.waitForLine('watching flags of default/development; Ctrl-C ends it');
    const disabled = await run('flag', 'disable', 'watched', '-m', 'look');
    await results.waitForLine(`${revisionIn(disabled)} watched = false (off) DISABLED`);
    await notices.waitForLine(`${revisionIn(disabled)} changed: watched`);
    const line = await changes.waitForLine(`"revision":"${revisionIn(disabled)}"`);
    expect(line.json).toMatchObject({
      comment: 'look',
      diffs: [{ action: 'CHANGE_ACTION_UPDATE', fields: ['enabled'] }],
    });
    expect(await results.kill('SIGINT')).toEqual({ code: 130, signal: null });
    expect(await changes.kill('SIGINT')).toEqual({ code: 130, signal: null });
    expect(await notices.kill('SIGINT')).toEqual({ code: 130, signal: null });
  });

  test('rollout goes on to each newer revision, and stays at the one that --rev names', async () => {
    const first = `e1.${revisionIn(await run('flag', 'create', 'followed'))}`;
    const follows = watch('rollout');
    const stays = watch('rollout', '--rev', first);
    await follows.waitForLine(`${first} `);
    await stays.waitForLine(`${first} `);
    const second = `e1.${revisionIn(await run('flag', 'enable', 'followed'))}`;
    await follows.waitForLine(`${second} `);
    await run('wait', '--timeout', '20');
    expect(stays.text('stdout')).not.toContain(second);
    await Promise.all([follows.kill('SIGINT'), stays.kill('SIGINT')]);
  });
});
