import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FollowedFile } from './followed-file.ts';

let folder: string;
let file: string;
let followed: FollowedFile;
let accepted: string[];
let refused: string[];

/** A text that holds "bad" is refused with what stands in it. */
function follow(name: string, events: boolean): void {
  file = path.join(folder, name);
  writeFileSync(file, '{"at":"first"}');
  accepted = [];
  refused = [];
  followed = new FollowedFile({
    file,
    events,
    lookMs: 20,
    accept: ({ text }) => {
      if (text.includes('bad') || text === '') throw new Error(`not good: ${text}`);
      accepted.push(text);
    },
    refused: (reason) => refused.push(reason),
  });
  followed.follow('{"at":"first"}');
}

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'flagstream-followed-'));
});

afterEach(async () => {
  await followed.close();
  rmSync(folder, { recursive: true, force: true });
});

const eventually = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 10_000, interval: 5 });

describe.each([true, false])('a followed file, told of by the file system: %s', (events) => {
  it('is read again when it is written, and when another is renamed over it', async () => {
    follow('a.json', events);
    writeFileSync(file, '{"at":"written"}');
    await eventually(() => expect(accepted).toEqual(['{"at":"written"}']));
    writeFileSync(`${file}.new`, '{"at":"renamed"}');
    renameSync(`${file}.new`, file);
    await eventually(() => expect(accepted.at(-1)).toBe('{"at":"renamed"}'));
    expect(refused).toEqual([]);
  });

  it('that changes while its size and its time stay is read again', async () => {
    follow('a.json', events);
    writeFileSync(file, '{"at":"other"}');
    await eventually(() => expect(accepted).toEqual(['{"at":"other"}']));
    writeFileSync(file, '{"at":"third"}');
    await eventually(() => expect(accepted.at(-1)).toBe('{"at":"third"}'));
  });

  it('that is broken, gone and back is told once each, and the good one counts', async () => {
    follow('a.json', events);
    writeFileSync(file, '{"bad');
    await eventually(() => expect(refused).toEqual(['not good: {"bad']));
    rmSync(file);
    await eventually(() => expect(refused[1]).toMatch(/^cannot be read: ENOENT/));
    writeFileSync(file, '{"at":"first"}');
    await eventually(() => expect(accepted).toEqual(['{"at":"first"}']));
    expect(refused).toHaveLength(2);
  });

  it('of YAML counts once it stays as it is: of that a beginning is a whole', async () => {
    follow('a.yaml', events);
    writeFileSync(file, 'at: half');
    writeFileSync(file, 'at: half\nmore: whole');
    await eventually(() => expect(accepted.at(-1)).toBe('at: half\nmore: whole'));
    expect(accepted).not.toContain('at: half');
  });
});
