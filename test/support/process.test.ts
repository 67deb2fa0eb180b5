// The process helper, on small Node programs: what it says when something goes wrong is what a reader of a
// failed test gets.

import process from 'node:process';
import { describe, expect, test } from 'vitest';
import { TestProcess } from './process.ts';
import { until } from './until.ts';

function node(program: string): TestProcess {
  return new TestProcess('a small program', process.execPath, ['-e', program]);
}

describe('a child process', () => {
  test('hands out what it printed, log lines parsed', async () => {
    const child = node(
      `console.log(JSON.stringify({ msg: 'hello', revision: 3 })); console.error('to people');`,
    );
    const line = await child.waitForLine((candidate) => candidate.json?.['msg'] === 'hello');
    expect(line.json).toEqual({ msg: 'hello', revision: 3 });
    expect(await child.exited).toEqual({ code: 0, signal: null });
    expect(child.text('stderr')).toBe('to people\n');
  });

  test('that ends before the line came fails the wait with its output', async () => {
    const child = node(`console.error('no such port'); process.exitCode = 3;`);
    await expect(child.waitForLine('listening')).rejects.toThrow(
      /ended \({"code":3.*before.*listening.*no such port/s,
    );
  });

  test('is gone after a kill', async () => {
    const child = node(`console.log('up'); setInterval(() => {}, 1000);`);
    await child.waitForLine('up');
    expect(await child.kill()).toEqual({ code: null, signal: 'SIGKILL' });
    expect(child.running).toBe(false);
  });

  test('that cannot be started fails the wait', async () => {
    const child = new TestProcess('nothing', '/nonexistent/program', []);
    await expect(child.waitForLine('up')).rejects.toThrow(/ENOENT/);
  });
});

describe('until', () => {
  test('names what it waited for and the last error', async () => {
    const never = until(() => Promise.reject(new Error('refused')), { what: 'the moon', timeoutMs: 30 });
    await expect(never).rejects.toMatchObject({
      message: 'waited 30 ms in vain for the moon',
      cause: { message: 'refused' },
    });
  });

  test('takes zero for an answer', async () => {
    expect(await until(() => 0, { what: 'a number' })).toBe(0);
  });
});
