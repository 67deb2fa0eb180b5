// flagd's evaluation library for Node, which its in-process providers hold; and the document that it reads.

import { loadSdk } from './load-sdk.ts';
import { type Peer, type PeerFlag, SUBJECTS } from './peer.ts';

interface Sdk {
  readonly FlagdCore: new () => {
    setConfigurations(document: string): unknown;
    resolveBooleanEvaluation(flagKey: string, defaultValue: boolean, context: object): { value: boolean };
  };
}

export const flagdCore: Peer = {
  sdk: '@openfeature/flagd-core',
  call: 'core.resolveBooleanEvaluation()',
  async open(flags) {
    const { FlagdCore } = loadSdk<Sdk>('@openfeature/flagd-core');
    const core = new FlagdCore();
    core.setConfigurations(flagdDocument(flags));
    const contexts = SUBJECTS.map(({ id, ...attributes }) => ({ targetingKey: id, ...attributes }));
    return {
      mode: 'direct',
      evaluate: (flagKey, subject) => core.resolveBooleanEvaluation(flagKey, false, contexts[subject]!).value,
    };
  },
};

export function flagdDocument(flags: readonly PeerFlag[]): string {
  return JSON.stringify({
    flags: Object.fromEntries(
      flags.map((flag) => [
        flag.key,
        {
          state: 'ENABLED',
          variants: { on: true, off: false },
          defaultVariant: 'off',
          targeting: { if: targetingOf(flag) },
        },
      ]),
    ),
  });
}

/** Condition, result, condition, result, ..., else. */
function targetingOf({ rules }: PeerFlag): readonly unknown[] {
  const half = {
    fractional: [
      ['on', 50],
      ['off', 50],
    ],
  };
  const branches = rules.flatMap(({ attribute, values, percent }) => [
    values.length === 1 ? { '==': [{ var: attribute }, values[0]] } : { in: [{ var: attribute }, values] },
    percent === 100 ? 'on' : half,
  ]);
  return [...branches, 'off'];
}
