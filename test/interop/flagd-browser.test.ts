// What a real browser does beside flagd's web provider, which flagd-clients.test.ts asks for all the rest: it asks whether a
// page may call, and keeps what the page may not read from it.

import { expect, test } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { TestProcess } from '../support/process.ts';
import { until } from '../support/until.ts';
import { FlagdClient } from './support/flagd-client.ts';
import { FlagdServer } from './support/flagd-server.ts';
import { requiresClient } from './support/requires-tool.ts';

const page = requiresClient({ program: 'openfeature-browser', toolchain: 'npm', inBrowser: true });
const ATTEMPTS = 3;
const TIMEOUT_MS = 30_000;

page.describe("flagd's web provider", () => {
  test('gets flags from where its page is named in corsOrigins, and nothing from elsewhere', async () => {
    const server = await FlagdServer.start();
    const pagePort = await freePort();
    const settings = { ...page.env, PAGE_PORT: String(pagePort) };

    const naming = await server.forPagesOf(`http://127.0.0.1:${pagePort}`);
    const named = await FlagdClient.start('page that is named', page.program, naming, settings);
    const context = { targetingKey: 'user-1' };
    const question = { flag: 'a-string', type: 'string', default: 'none', context } as const;
    expect(await named.ask(question)).toMatchObject({ value: 'hello, wörld' });
    await named.stop();

    const other = await server.forPagesOf('https://shop.example');
    const env = { ...settings, FLAGD_HOST: '127.0.0.1', FLAGD_PORT: String(other) };
    const stranger = new TestProcess('page that is not', page.program, [], {
      env: { ...env, FLAGD_RETRY_BACKOFF_MAX_MS: '200' },
      listens: true,
    });
    const refusals = (): readonly unknown[] =>
      stranger.lines.filter(({ json }) => /blocked by CORS policy/.test(String(json?.['console'])));
    await until(() => refusals().length >= ATTEMPTS, {
      what: 'a browser that refuses',
      timeoutMs: TIMEOUT_MS,
    });
    expect(stranger.lines.filter(({ json }) => json?.['started'] === true)).toEqual([]);
    // It takes its browser and the browser's folder with it.
    await stranger.kill('SIGTERM');
  });
});
