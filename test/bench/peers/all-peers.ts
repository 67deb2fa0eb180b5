// The peers, by the name that their rows have.

import { configCat } from './configcat.ts';
import { flagdCore } from './flagd-core.ts';
import { flagdReader } from './flagd-reader.ts';
import { flagstream } from './flagstream.ts';
import { growthBook } from './growthbook.ts';
import { launchDarkly } from './launchdarkly.ts';
import type { Peer } from './peer.ts';
import { postHog } from './posthog.ts';
import { unleash } from './unleash.ts';

export const OURS = 'Flagstream';
export const OURS_READING_FLAGD = 'Flagstream, from flagd’s document';
export const FLAGD_CORE = 'flagd-core';
export const UNLEASH = 'Unleash';
export const LAUNCHDARKLY = 'LaunchDarkly';

export const PEERS: Readonly<Record<string, Peer>> = {
  [OURS]: flagstream,
  [OURS_READING_FLAGD]: flagdReader,
  [FLAGD_CORE]: flagdCore,
  GrowthBook: growthBook,
  ConfigCat: configCat,
  [UNLEASH]: unleash,
  [LAUNCHDARKLY]: launchDarkly,
  PostHog: postHog,
};
