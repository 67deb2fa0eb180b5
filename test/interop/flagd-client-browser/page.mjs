// The page: flagd's web provider as an application bundles it. What it prints, and what it is asked, main.mjs carries.

import { FlagdWebProvider } from '@openfeature/flagd-web-provider';
import { OpenFeature, ProviderEvents } from '@openfeature/web-sdk';
import { converse } from '../flagd-client-web/conversation.mjs';

const settings = Object.fromEntries(new URLSearchParams(globalThis.location.search));
const packages = { OpenFeature, ProviderEvents, FlagdWebProvider };
globalThis.answer = await converse(packages, settings, globalThis.print);
globalThis.ready();
