// `flagstream demo` as a real process: what it shows, for people and for programs, and that nothing of it is left.

import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { runFlagstream, startFlagstream } from '../support/flagstream.ts';
import { tempDir } from '../support/temp-dir.ts';

interface Told {
  readonly event: string;
  readonly step?: string;
  readonly client?: string;
  /** As proto JSON: what is 0 is left out. */
  readonly rollout?: {
    readonly applied?: number;
    readonly owing: number;
    readonly complete: boolean;
    readonly laggards: readonly { readonly client: { readonly instanceId: string } }[];
  };
}

test('shows that all clients confirm each flip, and names the one that is frozen until it thaws', async () => {
  const folder = tempDir('demo');
  const { code, stdout, stderr } = await runFlagstream(['demo', '--clients=20', '--flips=2'], {
    env: { TMPDIR: folder, FLAGSTREAM_API_KEY: 'of-another-installation' },
  });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const shown = [
    /: 20 of 20 applied; 1 of 1 nodes have it$/,
    /^e1\.\d+ new-checkout off: 20 of 20 applied, p50 \d+ ms, p99 \d+ ms/,
    /^e1\.\d+ new-checkout on: 20 of 20 applied, p50/,
    /^client-11 now hangs/,
    /^e1\.\d+ new-checkout off: 19 of 20 applied, p50 .*; 1 lag: client-11 \(e1\.\d+, last seen \d+ s ago\)/,
    /^client-11 goes on$/,
    /^e1\.\d+ new-checkout off: 20 of 20 applied, p50/,
    /^ {2}npx flagstream dev --seed demo$/,
  ];
  const lines = stdout.split('\n');
  let from = 0;
  for (const line of shown) {
    const at = lines.findIndex((text, place) => place >= from && line.test(text));
    expect(at, `${line} in its place in\n${stdout}`).toBeGreaterThanOrEqual(from);
    from = at + 1;
  }
  expect(readdirSync(folder)).toEqual([]);
});

test.each([
  [3, 'client-2'],
  [1, 'client-1'],
])('tells programs the same as JSON lines, of %i clients', async (clients, name) => {
  const folder = tempDir('demo');
  const options = [`--clients=${clients}`, '--flips=1', '-o', 'json'];
  const { code, stdout } = await runFlagstream(['demo', ...options], { env: { TMPDIR: folder } });
  expect(code).toBe(0);
  const told = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Told);
  const frozen = told.findIndex(({ event }) => event === 'frozen');
  const thawed = told.findIndex(({ event }) => event === 'thawed');
  expect([told[frozen], told[thawed]]).toEqual([
    { event: 'frozen', client: name },
    { event: 'thawed', client: name },
  ]);
  expect(told[frozen - 1]?.rollout).toMatchObject({ applied: clients, complete: true });
  const { applied = 0, owing } = told[thawed - 1]!.rollout!;
  expect([applied, owing]).toEqual([clients - 1, 1]);
  expect(told[thawed - 1]?.rollout?.laggards.map(({ client }) => client.instanceId)).toEqual([name]);
  expect(told.at(-1)).toMatchObject({ event: 'rollout', rollout: { applied: clients, complete: true } });
  // Nothing is confirmed by everybody while one is frozen.
  expect(told.slice(frozen, thawed).some(({ rollout }) => rollout?.complete === true)).toBe(false);
});

test('ends in order at Ctrl-C, and leaves nothing', async () => {
  const folder = tempDir('demo');
  const demo = startFlagstream(['demo', '--clients=5', '--flips=100'], { env: { TMPDIR: folder } });
  await demo.waitForLine(/new-checkout on: 5 of 5 applied/);
  expect(readdirSync(folder)).toHaveLength(1);
  expect(await demo.kill('SIGINT')).toEqual({ code: 0, signal: null });
  expect(demo.text('stderr')).toMatch(/stopping\nstopped; nothing of it is left\n$/);
  expect(readdirSync(folder)).toEqual([]);
});
