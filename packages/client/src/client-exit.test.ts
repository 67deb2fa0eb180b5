// A process whose client is closed ends by itself.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { expect, test } from 'vitest';
import { hold } from '../../../test/support/resources.ts';
import { SyncServerFixture } from '../../../test/support/sync-server-fixture.ts';
import { tempDir } from '../../../test/support/temp-dir.ts';

test('close leaves no handle open, live or not', async () => {
  const server = await SyncServerFixture.start();
  server.log.putSwitch('a', true);
  // One client is live and keeps a copy; the other one waits to connect again when it is closed.
  const program = `
    import { createClient } from '@flagstream/client';
    const [target, nowhere, dir] = process.argv.slice(1);
    const live = createClient({ target, cache: { dir } });
    const lost = createClient({ target: nowhere });
    const failed = new Promise((resolve) => lost.on('reconnecting', resolve));
    await live.waitForLive();
    await failed;
    await Promise.all([live.close(), lost.close()]);
    process.stdout.write(String(live.booleanValue('a', false)));
  `;
  const args = ['--conditions=source', '--import', 'tsx', '--input-type=module', '--eval', program];
  const child = spawn(process.execPath, [...args, server.target, '127.0.0.1:1', tempDir('exit')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const end = (): boolean => child.kill('SIGKILL');
  const released = hold({ what: 'client process', release: () => void end(), releaseNow: end });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  released();
  expect([code, output]).toEqual([0, 'true']);
});
