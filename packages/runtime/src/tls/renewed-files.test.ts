import { execFileSync, spawn } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { tempDir } from '../../../../test/support/temp-dir.ts';
import { RenewedFiles, type RenewedFilesOptions } from './renewed-files.ts';

const NEVER_MS = 3_600_000;
const folder = tempDir('renewed-files');
const opened: RenewedFiles<unknown>[] = [];
afterEach(() => {
  for (const files of opened.splice(0)) files.close();
});

function watch<T>(read: RenewedFilesOptions<T>['read'], more: Partial<RenewedFilesOptions<T>> = {}) {
  const told: string[] = [];
  const files = new RenewedFiles<T>({
    read,
    renewed: (value, cause) => told.push(`${cause}: ${String(value)}`),
    refused: (detail, cause) => told.push(`${cause}: refused, ${detail}`),
    lookMs: NEVER_MS,
    ...more,
  });
  opened.push(files as RenewedFiles<unknown>);
  return { files, told };
}

function put(name: string, text: string): string {
  const file = path.join(folder, name);
  writeFileSync(file, text);
  return file;
}

describe('RenewedFiles', () => {
  it('makes another whole when one of them changes, and tells of it once', () => {
    const [a, b] = [put('a', '1'), put('b', '2')];
    const { files, told } = watch((read) => `${read(a)}-${read(b)}`);
    files.look('connection');
    expect([files.value, files.renewals, told]).toEqual(['1-2', 0, []]);
    put('b', '3');
    files.look('connection');
    files.look('change');
    expect([files.value, files.renewals, told]).toEqual(['1-3', 1, ['connection: 1-3']]);
  });

  it('stays with what fitted, tells each misfit once, and an old one again when it comes back', () => {
    const file = put('number', '1');
    const { files, told } = watch((read) => {
      const text = read(file);
      if (!/^\d+$/.test(text)) throw new Error(`${text} is no number`);
      return text;
    });
    put('number', 'x');
    for (let i = 0; i < 3; i++) files.look('change');
    put('number', 'y');
    files.look('change');
    expect([files.value, files.refusals]).toEqual(['1', 2]);
    put('number', '2');
    files.look('change');
    put('number', 'y');
    files.look('change');
    expect([files.value, files.refusals, files.renewals]).toEqual(['2', 3, 1]);
    expect(told[0]).toBe('change: refused, x is no number');
    expect(told).toHaveLength(4);
  });

  it('leaves SIGHUP alone where no file is read', () => {
    const hangup = new EventEmitter();
    const { files } = watch(() => 'no file', { hangup });
    expect(hangup.listenerCount('SIGHUP')).toBe(0);
    const file = put('c', '1');
    const other = watch((read) => read(file), { hangup }).files;
    expect(hangup.listenerCount('SIGHUP')).toBe(1);
    put('c', '2');
    hangup.emit('SIGHUP');
    expect([other.value, files.value]).toEqual(['2', 'no file']);
    other.close();
    expect(hangup.listenerCount('SIGHUP')).toBe(0);
  });

  it('reads a pipe once: opening it again would wait for ever', () => {
    const pipe = path.join(folder, 'pipe');
    execFileSync('sh', ['-c', 'mkfifo "$0"', pipe]);
    spawn('sh', ['-c', 'printf once > "$0"', pipe], { stdio: 'ignore' });
    const beside = put('beside', '1');
    const { files } = watch((read) => `${read(pipe)} ${read(beside)}`);
    put('beside', '2');
    files.look('change');
    expect(files.value).toBe('once 2');
  });
});
