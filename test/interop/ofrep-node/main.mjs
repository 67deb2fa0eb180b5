// OpenFeature's OFREP provider for servers: answers the questions of a line with a line, until its input ends.

import process from 'node:process';
import { createInterface } from 'node:readline';
import { OFREPProvider } from '@openfeature/ofrep-provider';
import { OpenFeature } from '@openfeature/server-sdk';

const { baseUrl, headers } = JSON.parse(process.argv[2]);
await OpenFeature.setProviderAndWait(new OFREPProvider({ baseUrl, headers }));
const client = OpenFeature.getClient();
const ASK = {
  boolean: client.getBooleanDetails,
  string: client.getStringDetails,
  number: client.getNumberDetails,
  object: client.getObjectDetails,
};

for await (const line of createInterface({ input: process.stdin })) {
  const { flagKey, type, fallback, context } = JSON.parse(line);
  const details = await ASK[type].call(client, flagKey, fallback, context);
  process.stdout.write(`${JSON.stringify(details)}\n`);
}
process.exit();
