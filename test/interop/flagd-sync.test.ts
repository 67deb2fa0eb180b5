// flagd.sync.v1 with engines that are not ours: the agreement at full size with flagd's engine for Node, the same payload
// in flagd's own evaluator in Go, and Node's provider in process against `flagstream dev`, where no NATS lies between
// (flagd-clients-in-process.test.ts asks it everything else).

import type { JsonObject } from '@flagstream/engine';
import { FlagdProvider } from '@openfeature/flagd-provider';
import { OpenFeature } from '@openfeature/server-sdk';
import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import {
  agreementOver,
  CONTEXTS_PER_FLAG,
  Compared,
  type Given,
  isReadAlikeByServers,
  same,
  WITHHELD_MAX,
} from '../../packages/exporters/src/flagd/agreement.fixture.ts';
import { contexts } from '../../packages/exporters/src/flagd/random-contexts.fixture.ts';
import { environments } from '../../packages/exporters/src/flagd/random-flags.fixture.ts';
import { runFlagstream, startFlagstream } from '../support/flagstream.ts';
import { freePortRange } from '../support/free-port.ts';
import { tempDir } from '../support/temp-dir.ts';
import { until } from '../support/until.ts';
import { askFlagdGo, describeFlagdGo, type FlagdCase } from './support/flagd-go.ts';

const FLAGS = Number(process.env['FLAGSTREAM_AGREEMENT_FLAGS'] || 2_000);
const SEED = Number(process.env['FLAGSTREAM_AGREEMENT_SEED'] || 1);
const TIMEOUT_MS = 600_000;
const GO_ENVIRONMENTS = 30;
const GO_CONTEXTS = 5;

afterEach(() => {
  vi.useRealTimers();
});

test(
  `flagd-core answers ${FLAGS} flags over ${CONTEXTS_PER_FLAG} contexts of each as we do`,
  () => {
    const setClock = (now: number): void => void vi.useFakeTimers({ toFake: ['Date'], now });
    const { flags, withheld, comparisons } = agreementOver(FLAGS, SEED, setClock);
    expect(flags).toBe(FLAGS);
    expect(withheld / flags).toBeLessThanOrEqual(WITHHELD_MAX);
    expect(comparisons).toBe((flags - withheld) * CONTEXTS_PER_FLAG);
  },
  TIMEOUT_MS,
);

describeFlagdGo("flagd's own evaluator, fed by our payload,", () => {
  test(
    `answers the flags of ${GO_ENVIRONMENTS} environments as we do`,
    () => {
      const asked = fc
        .sample(
          fc.tuple(environments, fc.array(contexts, { minLength: GO_CONTEXTS, maxLength: GO_CONTEXTS })),
          {
            numRuns: GO_ENVIRONMENTS,
            seed: SEED,
          },
        )
        .flatMap(([environment, given]) => {
          const compared = new Compared(environment);
          return given
            .map((context) => JSON.parse(JSON.stringify(context)) as JsonObject)
            .filter(isReadAlikeByServers)
            .flatMap((context) => compared.keys.map((flagKey) => ({ compared, context, flagKey })));
        });
      const cases = asked.map(
        ({ compared, context, flagKey }, index): FlagdCase => ({
          id: `${index}`,
          document: compared.document,
          flagKey,
          context,
          type: 'any',
        }),
      );
      const differences = askFlagdGo(cases).flatMap((answer, index) => {
        const { compared, context, flagKey } = asked[index]!;
        const ours = compared.ours(flagKey, context, answer.unixSeconds * 1_000);
        const theirs: Given =
          answer.rejected !== undefined || answer.errorCode !== undefined || !answer.variant
            ? undefined
            : { variant: answer.variant, value: answer.value };
        return same(ours, theirs) ? [] : [{ flagKey, ours, answer, context, document: compared.document }];
      });
      expect(differences.slice(0, 3)).toEqual([]);
    },
    TIMEOUT_MS,
  );
});

describe('flagstream dev', () => {
  test("tells flagd's Node provider in process of a change", async () => {
    const base = await freePortRange(7);
    const dev = startFlagstream([
      'dev',
      '--port-base',
      String(base),
      '--data',
      tempDir('data'),
      '--seed',
      'demo',
    ]);
    await dev.waitForReady(base + 4);
    const provider = new FlagdProvider({ host: '127.0.0.1', port: base + 5, resolverType: 'in-process' });
    await OpenFeature.setProviderAndWait('flagd-sync', provider);
    try {
      const client = OpenFeature.getClient('flagd-sync');
      const context = { targetingKey: 'user-1' };
      const before = await client.getBooleanDetails('new-checkout', false, context);
      expect(before.errorCode).toBeUndefined();
      await runFlagstream(['flag', 'disable', 'new-checkout', '--server', `127.0.0.1:${base}`]);
      await until(
        async () => (await client.getBooleanDetails('new-checkout', true, context)).variant === 'off',
        { what: 'the change' },
      );
    } finally {
      await OpenFeature.clearProviders();
    }
  });
});
