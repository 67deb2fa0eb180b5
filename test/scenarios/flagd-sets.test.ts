// Flags of one key in several flag sets of a flagd file, which flagd tells apart, as its clients ask for them.

import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { FlagSyncServiceClient } from '@flagstream/protocol/gen/flagd/sync/v1/sync';
import { credentials } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { startFlagdInstance } from '../support/flagd-instance.ts';
import { callUnary } from '../support/grpc-call.ts';
import { hold } from '../support/resources.ts';
import { tempDir } from '../support/temp-dir.ts';
import { until } from '../support/until.ts';

test('flags of one key in several flag sets are told apart on every port', async () => {
  const folder = tempDir('flagd-sets');
  const list = (shop: string): string =>
    JSON.stringify({
      flags: ['team/shop', 'team/search', ''].map((flagSetId) => ({
        key: 'it',
        state: 'ENABLED',
        variants: { v: flagSetId === 'team/shop' ? shop : `in ${flagSetId}` },
        defaultVariant: 'v',
        metadata: flagSetId === '' ? {} : { flagSetId },
      })),
    });
  writeFileSync(path.join(folder, 'sets.json'), list('first'));
  const flagd = await startFlagdInstance(['--flags', 'sets.json'], folder);
  const [search, shop, none] = ['flagSetId=team/search', 'flagSetId=team/shop', 'flagSetId='];
  const answers = await Promise.all([search, shop, none].map((selector) => flagd.ask('it', { selector })));
  expect(answers).toMatchObject([
    { value: 'in team/search', metadata: { flagSetId: 'team/search' } },
    { value: 'first', metadata: { flagSetId: 'team/shop' } },
    { value: 'in ' },
  ]);
  expect(await flagd.ask('it', { selector: 'sets.json' })).toMatchObject({
    value: 'first',
    metadata: { flagSetId: 'team/shop', source: 'sets.json' },
  });
  expect(await flagd.ask('it')).toMatchObject({ value: 'first' });
  const ofrep = async (selector: string): Promise<unknown> => {
    const url = `http://127.0.0.1:${flagd.portBase + 6}/ofrep/v1/evaluate/flags`;
    return (await fetch(url, { method: 'POST', headers: { 'flagd-selector': selector } })).json();
  };
  expect(await ofrep(search!)).toMatchObject({
    flags: [{ key: 'it', value: 'in team/search' }],
    metadata: { flagSetId: 'team/search' },
  });
  const sync = new FlagSyncServiceClient(`127.0.0.1:${flagd.portBase + 5}`, credentials.createInsecure());
  hold({ what: 'client of flagd.sync', release: async () => sync.close(), releaseNow: () => sync.close() });
  const fetched = async (selector: string): Promise<unknown> => {
    const request = { providerId: '', selector };
    const { flagConfiguration } = await callUnary(sync, sync.fetchAllFlags, request);
    return JSON.parse(flagConfiguration);
  };
  expect(await fetched(search!)).toMatchObject({ flags: { it: { variants: { v: 'in team/search' } } } });
  expect(await fetched(none!)).toMatchObject({ flags: { it: { variants: { v: 'in ' } } } });
  writeFileSync(path.join(folder, 'sets.json'), list('second'));
  await until(async () => JSON.stringify(await flagd.ask('it', { selector: shop! })).includes('second'), {
    what: 'the change of one of the flags',
  });
  expect(await flagd.ask('it', { selector: search! })).toMatchObject({ value: 'in team/search' });
  // A set that has no flag yet is empty; its clients wait for it.
  expect(await fetched('flagSetId=team/new')).toEqual({ flags: {} });
  expect(await ofrep('flagSetId=team/new')).toMatchObject({ flags: [], metadata: { flagSetId: 'team/new' } });
});

test('a flag that time changes may stand behind another one, and a set may have the name of the environment', async () => {
  const folder = tempDir('flagd-sets-time');
  const timed = { if: [{ '>': [{ var: '$flagd.timestamp' }, 1_700_000_000] }, 'on', 'off'] };
  const flag = (on: string, more: object): object => ({
    state: 'ENABLED',
    variants: { on, off: `not ${on}` },
    defaultVariant: 'off',
    ...more,
  });
  const file = (flagSetId: string, it: object): string =>
    JSON.stringify({ metadata: { flagSetId }, flags: { it } });
  writeFileSync(path.join(folder, 'one.json'), file('one', flag('one', { targeting: timed })));
  writeFileSync(path.join(folder, 'own.json'), file('default/development', flag('own', {})));
  writeFileSync(path.join(folder, 'two.json'), file('two', flag('two', {})));
  const files = ['one', 'own', 'two'].flatMap((name) => ['--flags', `${name}.json`]);
  const flagd = await startFlagdInstance(files, folder);
  const answers = [undefined, 'flagSetId=one', 'flagSetId=default/development'].map(async (selector) => {
    const answer = await flagd.ask('it', selector === undefined ? {} : { selector });
    return 'value' in answer ? answer.value : answer;
  });
  expect(await Promise.all(answers)).toEqual(['not two', 'one', 'not own']);
});
