// Ours, on the same flags.

import { compileSet, type FlagUnit } from '@flagstream/engine';
import { CONTEXTS } from '../engine/flag-sets.ts';
import type { Peer, PeerFlag } from './peer.ts';

/** Windows of no flag here: any instant gives the same answers. */
const NOW_MS = 1_700_000_000_000;

export const flagstream: Peer = {
  call: 'set.evaluate()',
  async open(flags) {
    const { set, problems } = compileSet(flags.map(unitOf), []);
    if (problems.length > 0) throw new Error(`the flags do not compile: ${JSON.stringify(problems[0])}`);
    return {
      mode: 'direct',
      evaluate: (flagKey, subject) => set.evaluate(flagKey, CONTEXTS[subject]!, NOW_MS).value === true,
    };
  },
};

function unitOf({ key, rules }: PeerFlag): FlagUnit {
  const half = {
    split: {
      entries: [
        { variant: 'on', weight: 50_000 },
        { variant: 'off', weight: 50_000 },
      ],
    },
  };
  return {
    key,
    flag: {
      kind: 'FLAG_KIND_BOOLEAN',
      variants: [
        { key: 'on', value: true },
        { key: 'off', value: false },
      ],
      offVariant: 'off',
    },
    config: {
      enabled: true,
      rules: rules.map(({ attribute, values, percent }, index) => ({
        id: `rule-${index}`,
        condition: { compare: { attribute, operator: 'equals', values } },
        serve: percent === 100 ? { variant: 'on' } : half,
      })),
      fallthrough: { variant: 'off' },
    },
  };
}
