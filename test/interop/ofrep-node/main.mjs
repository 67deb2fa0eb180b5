// OpenFeature's Node provider for OFREP, as published. Questions come as JSON lines; answers go out as such: it tells no
// events. Where it asks, and with what headers, stands in the OFREP_ variables. It stops at the end of its input.

import process from 'node:process';
import { createInterface } from 'node:readline';
import { OFREPProvider } from '@openfeature/ofrep-provider';
import { OpenFeature } from '@openfeature/server-sdk';

const { OFREP_ENDPOINT: baseUrl, OFREP_HEADERS: headers = '{}' } = process.env;
const print = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

await OpenFeature.setProviderAndWait(
  new OFREPProvider({ baseUrl, headers: Object.entries(JSON.parse(headers)) }),
);
const client = OpenFeature.getClient();
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
  const { value, variant, reason, errorCode, errorMessage, flagMetadata } = answer;
  print({ id, value, variant, reason, errorCode, errorMessage, metadata: flagMetadata });
}
await OpenFeature.close();
print({ stopped: true });
