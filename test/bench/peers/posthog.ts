// PostHog's SDK evaluating locally: its one request for definitions is answered here, nothing else is sent.

import { loadSdk } from './load-sdk.ts';
import { type Peer, type PeerFlag, SUBJECTS } from './peer.ts';

interface Sdk {
  readonly PostHog: new (
    apiKey: string,
    options: object,
  ) => {
    waitForLocalEvaluationReady(timeoutMs: number): Promise<boolean>;
    getFeatureFlag(flagKey: string, subject: string, options: object): Promise<boolean | string | undefined>;
  };
}

const DAY_MS = 86_400_000;

export const postHog: Peer = {
  sdk: 'posthog-node',
  call: 'await client.getFeatureFlag()',
  async open(flags) {
    const { PostHog } = loadSdk<Sdk>('posthog-node');
    const definitions = { flags: flags.map(flagOf), group_type_mapping: {}, cohorts: {} };
    const client = new PostHog('benchmark', {
      host: 'http://127.0.0.1:1',
      personalApiKey: 'benchmark',
      featureFlagsPollingInterval: DAY_MS,
      fetch: async () => Response.json(definitions),
    });
    if (!(await client.waitForLocalEvaluationReady(10_000))) throw new Error('PostHog did not get ready');
    const subjects = SUBJECTS.map(({ id, ...personProperties }) => ({
      id,
      options: { personProperties, onlyEvaluateLocally: true, sendFeatureFlagEvents: false },
    }));
    return {
      mode: 'awaited',
      evaluate: async (flagKey, subject) => {
        const { id, options } = subjects[subject]!;
        return (await client.getFeatureFlag(flagKey, id, options)) === true;
      },
    };
  },
};

function flagOf({ key, rules }: PeerFlag, index: number): object {
  return {
    id: index,
    key,
    name: key,
    active: true,
    deleted: false,
    filters: {
      groups: rules.map(({ attribute, values, percent }) => ({
        properties: [{ key: attribute, type: 'person', operator: 'exact', value: values }],
        // Absent, a condition takes everybody without hashing.
        ...(percent === 100 ? {} : { rollout_percentage: percent }),
      })),
    },
  };
}
