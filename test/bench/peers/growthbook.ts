// GrowthBook's client for servers, with its features given at the start.

import { loadSdk } from './load-sdk.ts';
import { type Peer, type PeerRule, SUBJECTS } from './peer.ts';

interface Sdk {
  readonly GrowthBookClient: new () => {
    initSync(options: object): unknown;
    isOn(flagKey: string, context: object): boolean;
  };
}

export const growthBook: Peer = {
  sdk: '@growthbook/growthbook',
  call: 'client.isOn()',
  async open(flags) {
    const { GrowthBookClient } = loadSdk<Sdk>('@growthbook/growthbook');
    const client = new GrowthBookClient();
    const features = Object.fromEntries(
      flags.map(({ key, rules }) => [key, { defaultValue: false, rules: rules.map(ruleOf) }]),
    );
    client.initSync({ payload: { features } });
    const contexts = SUBJECTS.map((attributes) => ({ attributes }));
    return { mode: 'direct', evaluate: (flagKey, subject) => client.isOn(flagKey, contexts[subject]!) };
  },
};

function ruleOf({ attribute, values, percent }: PeerRule): object {
  const condition = { [attribute]: values.length === 1 ? values[0] : { $in: values } };
  return percent === 100
    ? { condition, force: true }
    : { condition, force: true, coverage: percent / 100, hashAttribute: 'id' };
}
