// flagd's web provider, as published, over Node's fetch. As ../flagd-client-node, but that an application in a browser has one
// context: where a question has another one than the last, it is set first, and all flags are asked for anew.

import process from 'node:process';
import { createInterface } from 'node:readline';
import { FlagdWebProvider } from '@openfeature/flagd-web-provider';
import { OpenFeature, ProviderEvents } from '@openfeature/web-sdk';

const EVENTS = {
  ready: ProviderEvents.Ready,
  stale: ProviderEvents.Stale,
  error: ProviderEvents.Error,
  changed: ProviderEvents.ConfigurationChanged,
};
const print = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
const { FLAGD_HOST: host, FLAGD_PORT: port, FLAGD_RETRY_BACKOFF_MAX_MS: maxDelay } = process.env;

// The provider leaves what it could not fetch to the browser, which writes it to its console and goes on.
process.on('unhandledRejection', (error) => process.stderr.write(`${error}\n`));

const client = OpenFeature.getClient();
for (const [event, name] of Object.entries(EVENTS))
  client.addHandler(name, (details) => print({ event, flags: details?.flagsChanged ?? [] }));
await OpenFeature.setProviderAndWait(
  new FlagdWebProvider({ host, port: Number(port), tls: false, maxDelay: Number(maxDelay) }),
);
print({ started: true });

const ask = {
  boolean: client.getBooleanDetails,
  string: client.getStringDetails,
  integer: client.getNumberDetails,
  number: client.getNumberDetails,
  object: client.getObjectDetails,
};
for await (const line of createInterface({ input: process.stdin })) {
  const { id, type, flag, default: fallback, context } = JSON.parse(line);
  if (JSON.stringify(context) !== JSON.stringify(OpenFeature.getContext()))
    await OpenFeature.setContext(context);
  const answer = ask[type].call(client, flag, fallback);
  const { value, variant, reason, errorCode, flagMetadata } = answer;
  print({ id, value, variant, reason, errorCode, metadata: flagMetadata });
}
await OpenFeature.close();
print({ stopped: true });
