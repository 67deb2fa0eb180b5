// Unleash's SDK from bootstrap data. It asks its server once and is refused: nothing listens at that address.

import { once } from 'node:events';
import { loadSdk } from './load-sdk.ts';
import { type Peer, type PeerRule, SUBJECTS } from './peer.ts';

interface Client {
  on(event: string, listener: () => void): void;
  isEnabled(flagKey: string, context: object): boolean;
}

interface Sdk {
  readonly Unleash: new (options: object) => Client & NodeJS.EventEmitter;
  readonly InMemStorageProvider: new () => object;
}

const NOBODY_LISTENS = 'http://127.0.0.1:1/api';

export const unleash: Peer = {
  sdk: 'unleash-client',
  call: 'client.isEnabled()',
  async open(flags) {
    const { Unleash, InMemStorageProvider } = loadSdk<Sdk>('unleash-client');
    const client = new Unleash({
      appName: 'benchmark',
      url: NOBODY_LISTENS,
      disableMetrics: true,
      refreshInterval: 0,
      storageProvider: new InMemStorageProvider(),
      bootstrap: {
        data: flags.map(({ key, rules }) => ({
          name: key,
          type: 'release',
          enabled: true,
          stale: false,
          impressionData: false,
          project: 'default',
          variants: [],
          strategies: rules.map((rule) => strategyOf(key, rule)),
        })),
      },
    });
    client.on('error', () => undefined);
    client.on('warn', () => undefined);
    await once(client, 'ready');
    const contexts = SUBJECTS.map(({ id, ...properties }) => ({ userId: id, properties }));
    return {
      mode: 'direct',
      evaluate: (flagKey, subject) => client.isEnabled(flagKey, contexts[subject]!),
    };
  },
};

function strategyOf(key: string, { attribute, values, percent }: PeerRule): object {
  return {
    name: 'flexibleRollout',
    parameters: { rollout: String(percent), stickiness: 'userId', groupId: key },
    constraints: [
      { contextName: attribute, operator: 'IN', values, caseInsensitive: false, inverted: false },
    ],
    segments: [],
    variants: [],
  };
}
