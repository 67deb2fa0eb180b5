// Somebody asks why a user sees what they see: the past of a flag, by the command, on a real `flagstream dev`; and
// what was just written is read at once with the revision that the write printed.

import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { startDev } from '../support/dev-instance.ts';
import type { Finished } from '../support/flagstream.ts';
import { privateValue } from '../support/private-value.ts';
import { runCommand } from '../support/run-command.ts';

const USER = ['-c', JSON.stringify({ targetingKey: privateValue('typed') })];

beforeAll(async () => {
  const dev = await startDev({ seed: 'demo' });
  for (const [name, value] of Object.entries(dev.env)) vi.stubEnv(name, value);
});

afterAll(() => {
  vi.unstubAllEnvs();
});

const run = (...words: string[]): Promise<Finished> => runCommand(words);

async function json(...words: string[]): Promise<unknown> {
  const { code, stdout, stderr } = await run(...words, '-o', 'json');
  expect({ code, stderr }).toMatchObject({ code: 0 });
  return JSON.parse(stdout);
}

/** The token that a write prints. */
async function write(...words: string[]): Promise<string> {
  const { code, stderr } = await run(...words);
  expect({ code, stderr }).toMatchObject({ code: 0 });
  const token = /\(revision \d+, (e\d+\.\d+)\)/.exec(stderr)?.[1];
  if (token === undefined) throw new Error(`no token in ${stderr}`);
  return token;
}

describe('time travel', () => {
  test('a flag answers as it did, and blame names who altered it', async () => {
    const created = await write('flag', 'create', 'banner', '--actor', 'ann');
    const enabled = await write('flag', 'enable', 'banner', '--actor', 'bob', '-m', 'go');
    await write('flag', 'create', 'unrelated', '--enable');
    const off = await write('flag', 'disable', 'banner', '--actor', 'cleo', '-m', 'too many calls');

    const now = await run('eval', 'banner', ...USER, '--min-rev', off);
    expect(now).toMatchObject({ code: 0, stdout: 'banner\tfalse\toff\tDISABLED\t\n' });
    const then = await run('eval', 'banner', ...USER, '--at', enabled);
    expect(then.stdout).toBe('banner\ttrue\ton\tSTATIC\t\n');
    expect(then.stderr).toMatch(
      new RegExp(`^at revision ${enabled.replace('.', '\\.')} of 20\\S+Z by bob \\(go\\)\n$`),
    );
    const explained = await run('eval', 'banner', ...USER, '--at', enabled, '--explain');
    expect(explained.stdout).toMatch(/✓ flag[\s\S]*banner = true \(variant on\): STATIC\n$/);
    expect(await json('eval', 'banner', ...USER, '--at', created)).toMatchObject({
      result: { flagKey: 'banner', value: false },
      actor: { id: 'ann' },
    });

    const blamed = await run('blame', 'banner', ...USER);
    const rows = blamed.stdout
      .replace(/\n$/, '')
      .split('\n')
      .map((line) => line.split('\t'));
    expect(rows.map(([revision, , who, answer, , why]) => [revision, who, answer, why])).toEqual([
      [off, 'cleo', 'true (STATIC) → false (DISABLED)', 'too many calls'],
      [enabled, 'bob', 'false (DISABLED) → true (STATIC)', 'go'],
      [created, 'ann', 'no such flag → false (DISABLED)', ''],
    ]);
    expect(rows[0]?.[4]).toBe('updated flag banner in development: enabled true → false');
    expect(await json('blame', 'banner', ...USER, '--from', created, '--to', enabled)).toMatchObject([
      {
        before: { value: false },
        after: { value: true },
        causes: [{ after: { enabled: true } }],
      },
    ]);
    expect(await json('blame', 'banner', ...USER, '--from', '1 hour ago', '--limit', '1')).toHaveLength(1);
  });

  test('places that never were are refused in words', async () => {
    const refused = [
      [['--at', 'e7.1'], 'FAILED_PRECONDITION REVISION_FORKED'],
      [['--at', '999999'], 'NOT_FOUND REVISION_NOT_FOUND'],
      [['--at', '2000-01-01T00:00:00Z'], 'nothing had been written at 2000-01-01T00:00:00.000Z'],
      [['--at', '1'], 'PROJECT_NOT_FOUND'],
    ] as const;
    const finished = await Promise.all(refused.map(([words]) => run('eval', 'new-checkout', ...words)));
    for (const [i, [, text]] of refused.entries()) {
      expect(finished[i]).toMatchObject({ stdout: '' });
      expect(finished[i]?.stderr).toContain(text);
      expect(finished[i]?.code).not.toBe(0);
    }
  });

  test('what a write printed is in what is read, or the read says that it is not', async () => {
    for (const on of [true, false, true]) {
      const token = await write('flag', on ? 'enable' : 'disable', 'maintenance-mode');
      const [evaluated, got, listed, told] = await Promise.all([
        json('eval', 'maintenance-mode', ...USER, '--min-rev', token),
        json('flag', 'get', 'maintenance-mode', '-e', 'development', '--min-rev', token),
        json('flag', 'list', '--min-rev', token),
        json('history', 'maintenance-mode', '--limit', '1', '--min-rev', token),
      ]);
      expect((evaluated as { enabled?: boolean }).enabled ?? false).toBe(on);
      expect(got).toMatchObject({ flag: { name: 'projects/default/flags/maintenance-mode' } });
      expect(listed).toContainEqual(expect.objectContaining({ flag: expect.anything() }));
      expect(told).toMatchObject([{ revision: { revision: token.split('.')[1] } }]);
    }
    const late = await run('eval', 'maintenance-mode', '--min-rev', 'e1.999999');
    expect(late).toMatchObject({ code: expect.any(Number), stdout: '' });
    expect(late.stderr).toContain('REVISION_NOT_REACHED');
    const stale = await run('eval', 'maintenance-mode', '--min-rev', 'e1.999999', '--allow-stale');
    expect(stale).toMatchObject({ code: 0, stderr: 'warning: the answer is older than --min-rev\n' });
    // That there is no such flag is an answer as well.
    const missing = await run('eval', 'no-such-flag', '--min-rev', 'e1.999999', '--allow-stale');
    expect(missing).toMatchObject({ code: 3, stdout: '' });
    expect(missing.stderr).toMatch(/^warning: the answer is older than --min-rev\nerror: .*not found/);
  });
});
