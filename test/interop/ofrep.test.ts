// What keys and quotas mean to OpenFeature's own providers for OFREP, against an evaluator. What every client can do stands
// in ofrep-clients.test.ts.

import { KeyKind } from '@flagstream/protocol/gen/flagstream/v1/model';
import { expect, test } from 'vitest';
import { testKey } from '../../packages/runtime/src/keys/key.fixture.ts';
import { type Started, start } from '../../services/evaluator/src/evaluator.fixture.ts';
import { booleanFlag, entity, serving, shopLog } from '../../services/evaluator/src/log.fixture.ts';
import { until } from '../support/until.ts';
import { FlagdClient, type Question } from './support/flagd-client.ts';
import { requiresTool } from './support/requires-tool.ts';

const node = requiresTool('ofrep-node', 'npm');
const web = requiresTool('ofrep-web', 'npm');

const DEVELOPMENT = { project: 'default', environment: 'development' };

const question = (flag: string, fallback: boolean): Question => ({
  flag,
  type: 'boolean',
  default: fallback,
  context: { targetingKey: 'user-1' },
});

function clientOf(
  program: string,
  { evaluator: { ofrepPort } }: Started,
  headers: Readonly<Record<string, string>> = {},
): Promise<FlagdClient> {
  return FlagdClient.start('OFREP client', program, ofrepPort, {
    OFREP_ENDPOINT: `http://127.0.0.1:${ofrepPort}`,
    OFREP_HEADERS: JSON.stringify(headers),
  });
}

node.describe("OpenFeature's OFREP provider for servers", () => {
  test('that asks too much with its key pauses, and is let in with it before', async () => {
    const key = testKey(KeyKind.SERVER, {}, DEVELOPMENT);
    const log = shopLog();
    log.commit(key.change);
    const quota = { callsPerSecond: 1, burstCalls: 1, streams: 1 };
    const started = await start(log, { quota, monotonicMs: () => 0 }, { requireKeys: true });
    const client = await clientOf(node.program, started, { Authorization: `Bearer ${key.token}` });
    const asked = question('new-checkout', false);
    expect(await client.ask(asked)).toMatchObject({ value: true });
    expect(await client.ask(asked)).toMatchObject({ value: false, reason: 'ERROR' });
    // Not asked at all any more: the first word of it is of the provider's own.
    expect(await client.ask(asked)).toMatchObject({ errorMessage: expect.stringMatching(/paused/) });
    const stranger = await clientOf(node.program, started);
    expect(await stranger.ask(asked)).toMatchObject({ value: false, reason: 'ERROR' });
  });
});

web.describe("OpenFeature's OFREP provider for browsers", () => {
  test.each(['without keys', 'with a key that its stream cannot show'])(
    'hears of a change as it happens, and of nothing where nothing has changed for it: %s',
    async (how) => {
      const key = testKey(KeyKind.CLIENT, {}, DEVELOPMENT);
      const log = shopLog();
      const serve = (config: object): void =>
        void log.commit(entity.config('default', 'development', 'shown', config));
      log.commit(
        entity.flag('default', 'shown', { ...booleanFlag, clientVisible: true }),
        entity.config('default', 'development', 'shown', serving('off')),
        key.change,
      );
      const isKeyed = how !== 'without keys';
      const started = await start(log, {}, { requireKeys: isKeyed });
      const client = await clientOf(
        web.program,
        started,
        isKeyed ? { Authorization: `Bearer ${key.token}` } : {},
      );
      const asked = question('shown', true);
      expect(await client.ask(asked)).toMatchObject({ value: false, variant: 'off' });
      const changedAfter = async (config: object): Promise<void> => {
        const { heard } = client;
        serve(config);
        const { flags } = await client.eventAfter(heard, ({ event }) => event === 'changed', 'the change');
        expect(flags).toEqual(['shown']);
      };
      await changedAfter(serving('on'));
      expect(await client.ask(asked)).toMatchObject({ value: true, variant: 'on' });
      // A change that answers others differently: it asks, and is told that it has what there is.
      const others = (variant: string): object => ({
        enabled: true,
        rules: [
          {
            id: 'other',
            condition: { compare: { attribute: 'tier', operator: 'equals', values: ['tin'] } },
            serve: { variant },
          },
        ],
        fallthrough: { variant: 'on' },
      });
      await changedAfter(others('on'));
      expect(await client.ask(asked)).toMatchObject({ value: true, reason: 'DEFAULT' });
      expect(client.statuses).not.toContain(304);
      serve(others('off'));
      await until(() => client.statuses.at(-1) === 304, { what: 'an answer that nothing has changed' });
    },
  );
});
