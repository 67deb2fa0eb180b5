// LaunchDarkly's server SDK on its own test data: evaluation is complete, nothing is sent or fetched.

import { loadSdk } from './load-sdk.ts';
import { type Peer, type PeerFlag, type PeerRule, SUBJECTS } from './peer.ts';

interface Client {
  waitForInitialization(options: { readonly timeout: number }): Promise<unknown>;
  variation(flagKey: string, context: object, defaultValue: boolean): Promise<boolean>;
}

interface Sdk {
  init(sdkKey: string, options: object): Client;
  basicLogger(options: { readonly level: 'none' }): object;
}

interface Integrations {
  readonly TestData: new () => {
    usePreconfiguredFlag(flag: object): Promise<void>;
    getFactory(): unknown;
  };
}

const ON = 0;
const OFF = 1;

export const launchDarkly: Peer = {
  sdk: '@launchdarkly/node-server-sdk',
  call: 'await client.variation()',
  async open(flags) {
    const { init, basicLogger } = loadSdk<Sdk>('@launchdarkly/node-server-sdk');
    const { TestData } = loadSdk<Integrations>('@launchdarkly/node-server-sdk/integrations');
    const data = new TestData();
    for (const flag of flags) await data.usePreconfiguredFlag(flagOf(flag));
    const client = init('sdk-benchmark', {
      updateProcessor: data.getFactory(),
      sendEvents: false,
      diagnosticOptOut: true,
      logger: basicLogger({ level: 'none' }),
    });
    await client.waitForInitialization({ timeout: 30 });
    const contexts = SUBJECTS.map(({ id, ...attributes }) => ({ kind: 'user', key: id, ...attributes }));
    return {
      mode: 'awaited',
      evaluate: (flagKey, subject) => client.variation(flagKey, contexts[subject]!, false),
    };
  },
};

function flagOf({ key, rules }: PeerFlag): object {
  return {
    key,
    version: 1,
    on: true,
    variations: [true, false],
    offVariation: OFF,
    fallthrough: { variation: OFF },
    targets: [],
    contextTargets: [],
    prerequisites: [],
    salt: key,
    rules: rules.map(ruleOf),
  };
}

function ruleOf({ attribute, values, percent }: PeerRule, index: number): object {
  const clause = { contextKind: 'user', attribute, op: 'in', values, negate: false };
  const rollout = {
    contextKind: 'user',
    variations: [
      { variation: ON, weight: 50_000 },
      { variation: OFF, weight: 50_000 },
    ],
  };
  return { id: `rule-${index}`, clauses: [clause], ...(percent === 100 ? { variation: ON } : { rollout }) };
}
