// flagd's web provider, as published, over Node's fetch; else as ../flagd-client-node.

import process from 'node:process';
import { createInterface } from 'node:readline';
import { FlagdWebProvider } from '@openfeature/flagd-web-provider';
import { OpenFeature, ProviderEvents } from '@openfeature/web-sdk';
import { converse } from './conversation.mjs';

const print = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
const { FLAGD_HOST: host, FLAGD_PORT: port, FLAGD_RETRY_BACKOFF_MAX_MS: maxDelay } = process.env;
// The provider leaves what it could not fetch to the browser, which writes it to its console and goes on.
process.on('unhandledRejection', (error) => process.stderr.write(`${error}\n`));

const provider = new FlagdWebProvider({ host, port: Number(port), tls: false, maxDelay: Number(maxDelay) });
const answer = await converse({ OpenFeature, ProviderEvents }, provider, print);
for await (const line of createInterface({ input: process.stdin })) print(await answer(JSON.parse(line)));
await OpenFeature.close();
print({ stopped: true });
// Its stream stays.
process.exit();
