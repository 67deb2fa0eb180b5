// flagd's Node provider, as published. Questions come as JSON lines; answers and events go out as such. Where it connects to
// stands in the FLAGD_ variables. It stops at the end of its input.

import { createInterface } from 'node:readline';
import { FlagdProvider } from '@openfeature/flagd-provider';
import { OpenFeature, ProviderEvents } from '@openfeature/server-sdk';

const EVENTS = {
  ready: ProviderEvents.Ready,
  stale: ProviderEvents.Stale,
  error: ProviderEvents.Error,
  changed: ProviderEvents.ConfigurationChanged,
};
const print = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

const client = OpenFeature.getClient();
for (const [event, name] of Object.entries(EVENTS))
  client.addHandler(name, (details) => print({ event, flags: details?.flagsChanged ?? [] }));
await OpenFeature.setProviderAndWait(new FlagdProvider());
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
  const answer = await ask[type].call(client, flag, fallback, context);
  const { value, variant, reason, errorCode, flagMetadata } = answer;
  print({ id, value, variant, reason, errorCode, metadata: flagMetadata });
}
await OpenFeature.close();
print({ stopped: true });
