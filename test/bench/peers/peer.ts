// What each peer is asked: the flags in a form of our own, which its adapter writes down in the peer's, and
// the subjects that all of them have in common.

import { CONTEXTS, COUNTRIES, PLANS } from '../engine/flag-sets.ts';

/** On for the subjects whose attribute is one of the values: for all of them, or for half. */
export interface PeerRule {
  readonly attribute: 'country' | 'email' | 'plan';
  readonly values: readonly string[];
  readonly percent: 50 | 100;
}

/** The first rule that matches decides; off when none does. */
export interface PeerFlag {
  readonly key: string;
  readonly rules: readonly PeerRule[];
}

export interface Subject {
  readonly id: string;
  readonly country: string;
  readonly plan: string;
  readonly email: string;
  readonly age: number;
}

/** A flag's answer for the subject of that number. */
export type PeerEvaluate =
  | { readonly mode: 'direct'; readonly evaluate: (flagKey: string, subject: number) => boolean }
  | { readonly mode: 'awaited'; readonly evaluate: (flagKey: string, subject: number) => Promise<boolean> };

export interface Peer {
  /** Package in package.json here; absent: it is ours. */
  readonly sdk?: string;
  /** What is called for each answer. */
  readonly call: string;
  /** Starts it with these flags and no others, offline, events and metrics off. */
  open(flags: readonly PeerFlag[]): Promise<PeerEvaluate>;
}

/** Three of four countries, then half of their subjects. */
export const ROLLOUT: PeerFlag = {
  key: 'rollout',
  rules: [{ attribute: 'country', values: ['DE', 'NL', 'FR'], percent: 50 }],
};

/** The same as `manyFlags` of the engine's own cases. */
export function manyPeerFlags(count: number): PeerFlag[] {
  return Array.from({ length: count }, (_, index) => ({
    key: `flag-${index}`,
    rules: [
      { attribute: 'email', values: [`staff-${index}@example.com`], percent: 100 },
      { attribute: 'plan', values: [PLANS[index % PLANS.length]!], percent: 100 },
      { attribute: 'country', values: [COUNTRIES[index % COUNTRIES.length]!], percent: 50 },
    ],
  }));
}

export const SUBJECTS: readonly Subject[] = CONTEXTS.map(({ targetingKey, ...attributes }) => ({
  ...attributes,
  id: targetingKey,
}));

/** What the flag must answer; undefined where the peer's own hash decides. */
export function certainAnswer(flag: PeerFlag, subject: Subject): boolean | undefined {
  const rule = flag.rules.find(({ attribute, values }) => values.includes(subject[attribute]));
  if (rule === undefined) return false;
  return rule.percent === 100 ? true : undefined;
}
