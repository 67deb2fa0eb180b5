// OpenFeature's OFREP provider for browsers: tells what it holds at first, and again at each change that it hears of. It
// polls nothing. An answer of 304 is no change to it, and is told as a request with its status.

import process from 'node:process';
import { OFREPWebProvider } from '@openfeature/ofrep-web-provider';
import { OpenFeature, ProviderEvents } from '@openfeature/web-sdk';
import { EventSource } from './event-source.mjs';

const { baseUrl, headers, questions, context } = JSON.parse(process.argv[2]);
const tell = (told) => process.stdout.write(`${JSON.stringify(told)}\n`);

globalThis.EventSource = EventSource;
const bare = globalThis.fetch;
globalThis.fetch = async (request, options) => {
  const response = await bare(request, options);
  if (request instanceof Request) tell({ request: response.status });
  return response;
};

const client = OpenFeature.getClient();
const ASK = {
  boolean: client.getBooleanDetails,
  string: client.getStringDetails,
  number: client.getNumberDetails,
  object: client.getObjectDetails,
};
const answers = () =>
  questions.map(({ flagKey, type, fallback }) => ASK[type].call(client, flagKey, fallback));

await OpenFeature.setContext(context);
await OpenFeature.setProviderAndWait(
  new OFREPWebProvider({ baseUrl, headers: Object.entries(headers), pollInterval: 0 }),
);
tell({ answers: answers() });
client.addHandler(ProviderEvents.ConfigurationChanged, ({ flagsChanged }) =>
  tell({ flagsChanged, answers: answers() }),
);
process.stdin.resume().once('end', () => process.exit());
