// OpenFeature's web providers, as published, in Chromium: page.mjs, bundled and served here, so from another origin than the flags.
// Else as ../flagd-client-node, and as ../ofrep-web where OFREP_ENDPOINT is set. CHROMIUM_BIN names the browser, PAGE_PORT the port of the page (any, where it is absent).
// What the browser writes to its console as an error goes out as {"console": ...}.

import { once } from 'node:events';
import { createServer } from 'node:http';
import path from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { build } from 'esbuild';
import { chromium } from 'playwright-core';

const print = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
const { FLAGD_HOST, FLAGD_PORT, FLAGD_RETRY_BACKOFF_MAX_MS, OFREP_ENDPOINT, CHROMIUM_BIN, PAGE_PORT } =
  process.env;

const { outputFiles } = await build({
  entryPoints: [path.join(import.meta.dirname, 'page.mjs')],
  bundle: true,
  format: 'esm',
  write: false,
});
const files = {
  '/': [
    'text/html',
    '<!doctype html><title>flags</title><link rel="icon" href="data:,"><script type="module" src="/page.js"></script>',
  ],
  '/page.js': ['text/javascript', outputFiles[0].contents],
};
const server = createServer(({ url }, response) => {
  const [type, content] = files[new URL(url, 'http://page').pathname] ?? [];
  response.writeHead(type === undefined ? 404 : 200, { 'content-type': type ?? 'text/plain' }).end(content);
});
await once(server.listen(Number(PAGE_PORT ?? 0), '127.0.0.1'), 'listening');

const browser = await chromium.launch({
  executablePath: CHROMIUM_BIN,
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
});
// Also at SIGTERM, which playwright hands on to the browser.
const giveUp = () => process.exit(1);
browser.once('disconnected', giveUp);
const page = await browser.newPage();
page.on('console', (message) => {
  if (message.type() === 'error') print({ console: message.text() });
});
await page.exposeFunction('print', print);
const ready = new Promise((resolve) => void page.exposeFunction('ready', resolve));
const settings =
  OFREP_ENDPOINT === undefined
    ? { host: FLAGD_HOST, port: FLAGD_PORT, maxDelay: FLAGD_RETRY_BACKOFF_MAX_MS }
    : { baseUrl: OFREP_ENDPOINT };
await page.goto(`http://127.0.0.1:${server.address().port}/?${new URLSearchParams(settings)}`);
await ready;
for await (const line of createInterface({ input: process.stdin }))
  print(await page.evaluate((question) => globalThis.answer(question), JSON.parse(line)));
browser.off('disconnected', giveUp);
await browser.close();
server.close();
print({ stopped: true });
