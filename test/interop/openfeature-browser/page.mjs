// The page: OpenFeature's web providers as an application bundles them, flagd's, or that of OFREP where there is an address for
// it. What it prints, and what it is asked, main.mjs carries.

import { FlagdWebProvider } from '@openfeature/flagd-web-provider';
import { OFREPWebProvider } from '@openfeature/ofrep-web-provider';
import { OpenFeature, ProviderEvents } from '@openfeature/web-sdk';
import { converse } from '../flagd-client-web/conversation.mjs';

const { baseUrl, host, port, maxDelay } = Object.fromEntries(new URLSearchParams(globalThis.location.search));
const provider =
  baseUrl === undefined
    ? new FlagdWebProvider({ host, port: Number(port), tls: false, maxDelay: Number(maxDelay) })
    : new OFREPWebProvider({ baseUrl, pollInterval: 0 });
globalThis.answer = await converse({ OpenFeature, ProviderEvents }, provider, globalThis.print);
globalThis.ready();
