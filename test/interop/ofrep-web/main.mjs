// OpenFeature's web provider for OFREP, as published. Questions come as JSON lines; answers and events go out as such. It
// keeps all flags for one context at a time, polls nothing, and hears of changes from the server's event stream. Where it
// asks, and with what headers, stands in the OFREP_ variables. It stops at the end of its input.

import process from 'node:process';
import { createInterface } from 'node:readline';
import { OFREPWebProvider } from '@openfeature/ofrep-web-provider';
import { OpenFeature, ProviderEvents } from '@openfeature/web-sdk';
import { EventSource } from 'eventsource';

const { OFREP_ENDPOINT: baseUrl, OFREP_HEADERS: headers = '{}' } = process.env;
const EVENTS = {
  stale: ProviderEvents.Stale,
  error: ProviderEvents.Error,
  changed: ProviderEvents.ConfigurationChanged,
};
const print = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

// What browsers have.
globalThis.EventSource = EventSource;
const bare = globalThis.fetch;
globalThis.fetch = async (request, options) => {
  const response = await bare(request, options);
  if (request instanceof Request) print({ status: response.status });
  return response;
};

const client = OpenFeature.getClient();
for (const [event, name] of Object.entries(EVENTS))
  client.addHandler(name, (details) => print({ event, flags: details?.flagsChanged ?? [] }));
const provider = new OFREPWebProvider({
  baseUrl,
  headers: Object.entries(JSON.parse(headers)),
  pollInterval: 0,
});
let asked = JSON.stringify({ targetingKey: 'user-1' });
await OpenFeature.setContext(JSON.parse(asked));
await OpenFeature.setProviderAndWait(provider);
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
  const wanted = JSON.stringify(context);
  if (wanted !== asked) await OpenFeature.setContext(context);
  asked = wanted;
  const answer = ask[type].call(client, flag, fallback);
  const { value, variant, reason, errorCode, flagMetadata } = answer;
  print({ id, value, variant, reason, errorCode, metadata: flagMetadata });
}
await OpenFeature.close();
print({ stopped: true });
