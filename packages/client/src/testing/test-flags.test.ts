import { type ErrorReason, FlagstreamError } from '@flagstream/protocol';
import { expect, test } from 'vitest';
import type { FlagstreamClient } from '../client.ts';
import type { ClientEvents } from '../client-events.ts';
import { TestClock } from './test-clock.ts';
import { TestFlags } from './test-flags.ts';

const EVENTS = ['ready', 'change', 'live', 'stale', 'error', 'closed'] as const;

/** Everything that a client tells from now on, by event. */
function heard(client: FlagstreamClient): [keyof ClientEvents, unknown][] {
  const events: [keyof ClientEvents, unknown][] = [];
  for (const event of EVENTS) client.on(event, (payload) => events.push([event, payload]));
  return events;
}

function reasonOf(act: () => unknown): ErrorReason | undefined {
  try {
    act();
  } catch (thrown) {
    if (thrown instanceof FlagstreamError) return thrown.reason;
    throw thrown;
  }
  return undefined;
}

/** Listeners run in microtasks: those that are due have run. */
const told = async (): Promise<void> => undefined;

const document = {
  format: 'flagstream/v1',
  segments: [{ name: 'staff', included: ['ann'] }],
  flags: [
    {
      flag: {
        name: 'theme',
        kind: 'FLAG_KIND_STRING',
        variants: [
          { key: 'dark', value: 'black' },
          { key: 'light', value: 'white' },
        ],
        offVariant: 'light',
      },
      configs: {
        development: {
          enabled: true,
          rules: [{ id: 'staff-first', condition: { segment: 'staff' }, serve: { variant: 'dark' } }],
          fallthrough: { variant: 'light' },
        },
        production: { enabled: true, fallthrough: { variant: 'dark' } },
      },
    },
    {
      flag: {
        name: 'banner',
        kind: 'FLAG_KIND_BOOLEAN',
        variants: [
          { key: 'on', value: true },
          { key: 'off', value: false },
        ],
        offVariant: 'off',
      },
      configs: {
        development: {
          enabled: true,
          prerequisites: [{ flag: 'theme', variants: ['dark'] }],
          fallthrough: { variant: 'on' },
        },
      },
    },
  ],
};

test('a flag that is set is in force at once, for every kind', () => {
  const flags = new TestFlags();
  const client = flags.client();
  flags.set('new-checkout', true);
  flags.set('theme', 'dark');
  flags.set('limit', 7);
  flags.set('layout', { columns: 2 });
  flags.set('anything', null);

  expect(client.booleanDetails('new-checkout', false)).toMatchObject({
    value: true,
    variant: 'on',
    reason: 'STATIC',
    epoch: 1,
    revision: 6,
    staleness: { ms: 0, estimated: false, source: 'server' },
  });
  expect(client.stringValue('theme', 'x')).toBe('dark');
  expect(client.numberValue('limit', 0)).toBe(7);
  expect(client.objectValue('layout', {})).toEqual({ columns: 2 });
  expect(client.evaluate('anything').value).toBeNull();
  expect([...client.allFlags().flags.keys()]).toEqual([
    'anything',
    'layout',
    'limit',
    'new-checkout',
    'theme',
  ]);

  flags.set('new-checkout', false);
  expect(client.booleanDetails('new-checkout', true)).toMatchObject({ value: false, variant: 'off' });
});

test('an application that asks for the wrong kind, or for no flag, gets what the real client answers', () => {
  const flags = new TestFlags();
  flags.set('limit', 7);
  const client = flags.client();
  expect(client.booleanDetails('limit', true)).toMatchObject({ value: true, errorCode: 'TYPE_MISMATCH' });
  expect(client.booleanDetails('none', true)).toMatchObject({ value: true, errorCode: 'FLAG_NOT_FOUND' });
});

test('an override is for one subject, wins over the switch, and is taken back', () => {
  const flags = new TestFlags();
  const client = flags.client();
  flags.set('new-checkout', true);
  flags.override('new-checkout', 'user-1', false);
  const answers = (): boolean[] =>
    ['user-1', 'user-2'].map((targetingKey) => client.booleanValue('new-checkout', false, { targetingKey }));
  expect(answers()).toEqual([false, true]);
  expect(client.booleanValue('new-checkout', false)).toBe(true);
  expect(client.booleanDetails('new-checkout', true, { targetingKey: 'user-1' }).reason).toBe(
    'TARGETING_MATCH',
  );
  expect(client.allFlags({ targetingKey: 'user-1' }).flags.get('new-checkout')?.value).toBe(false);

  flags.override('new-checkout', 'user-1', true);
  flags.disable('new-checkout');
  expect(answers()).toEqual([true, false]);
  expect(client.booleanDetails('new-checkout', true).reason).toBe('DISABLED');

  flags.clearOverride('new-checkout', 'user-1');
  expect(answers()).toEqual([false, false]);
});

test('loaded definitions are evaluated by rule, and flags that depend on an overridden one see it', async () => {
  const flags = new TestFlags();
  const client = flags.client();
  flags.load(document);
  const theme = (targetingKey: string): string => client.stringValue('theme', 'none', { targetingKey });
  expect([theme('ann'), theme('bob')]).toEqual(['black', 'white']);
  expect(client.stringDetails('theme', '', { targetingKey: 'ann' }).ruleId).toBe('staff-first');
  expect(client.booleanValue('banner', false, { targetingKey: 'bob' })).toBe(false);

  await told();
  const events = heard(client);
  flags.override('theme', 'bob', 'black');
  expect([theme('ann'), theme('bob'), theme('cem')]).toEqual(['black', 'black', 'white']);
  expect(client.booleanValue('banner', false, { targetingKey: 'bob' })).toBe(true);
  await told();
  expect(events).toEqual([['change', { flagKeys: ['banner', 'theme'], epoch: 1, revision: 3 }]]);

  flags.set('theme', 'grey');
  expect([theme('ann'), theme('bob')]).toEqual(['grey', 'black']);
  flags.load(document);
  expect([theme('ann'), theme('bob')]).toEqual(['black', 'white']);
});

test('the environment says which configurations of a document count', () => {
  const flags = new TestFlags({ project: 'shop', environment: 'production' });
  flags.load(document);
  const client = flags.client();
  expect(client.stringValue('theme', 'none', { targetingKey: 'bob' })).toBe('black');
  expect(client.booleanDetails('banner', true).reason).toBe('DISABLED');
  expect(client.status()).toMatchObject({ project: 'shop', environment: 'production' });
});

test('what is wrong is thrown by name, and changes nothing', async () => {
  const flags = new TestFlags();
  flags.load(document);
  const client = flags.client();
  await told();
  const events = heard(client);
  const { flags: before } = client.allFlags({ targetingKey: 'ann' });

  expect(reasonOf(() => flags.set('theme', true))).toBe('TYPE_MISMATCH');
  expect(reasonOf(() => flags.override('theme', 'ann', 1))).toBe('TYPE_MISMATCH');
  expect(reasonOf(() => flags.set('banner', null))).toBe('TYPE_MISMATCH');
  expect(reasonOf(() => flags.override('none', 'ann', true))).toBe('FLAG_NOT_FOUND');
  expect(reasonOf(() => flags.disable('none'))).toBe('FLAG_NOT_FOUND');
  expect(reasonOf(() => flags.set('No Key', true))).toBe('INVALID_FIELD');
  expect(reasonOf(() => flags.set('limit', Number.NaN))).toBe('INVALID_DEFINITION');
  expect(reasonOf(() => flags.remove('theme'))).toBe('INVALID_DEFINITION');
  expect(reasonOf(() => flags.load({ format: 'other' }))).toBe('INVALID_DOCUMENT');
  const broken = { ...document, flags: document.flags.slice(1) };
  expect(reasonOf(() => new TestFlags().load(broken))).toBe('INVALID_DEFINITION');
  expect(reasonOf(() => new TestFlags({ project: 'No Key' }))).toBe('INVALID_FIELD');
  const edits = (): void => {
    flags.set('theme', 'grey');
    flags.set('theme', 1);
  };
  expect(reasonOf(() => flags.changeSet(edits))).toBe('TYPE_MISMATCH');

  await told();
  expect(client.allFlags({ targetingKey: 'ann' }).flags).toEqual(before);
  expect(events).toEqual([]);
});

test('the compiler knows the flags of an application that names them', () => {
  interface ShopFlags {
    readonly 'new-checkout': boolean;
    readonly limit: number;
  }
  const flags = new TestFlags<ShopFlags>();
  flags.set('limit', 3);
  flags.override('limit', 'user-1', 4);
  // @ts-expect-error: the flag is a number
  expect(reasonOf(() => flags.set('limit', 'many'))).toBe('TYPE_MISMATCH');
  // @ts-expect-error: there is no such flag
  expect(reasonOf(() => flags.disable('limits'))).toBe('FLAG_NOT_FOUND');
});

test('events come as from a server: after the code that changed flags, in order, one for each change', async () => {
  const flags = new TestFlags();
  flags.set('a', true);
  const client = flags.client();
  const events = heard(client);
  flags.set('a', false);
  flags.set('a', false);
  flags.changeSet(() => {
    flags.set('b', 1);
    flags.changeSet(() => flags.set('c', 'x'));
  });
  flags.fireChange('a');
  flags.fireChange();
  expect(events).toEqual([]);
  await told();
  expect(events).toEqual([
    ['ready', { source: 'server' }],
    ['live', { node: 'test', epoch: 1, revision: 2 }],
    ['change', { flagKeys: ['a'], epoch: 1, revision: 3 }],
    ['change', { flagKeys: ['b', 'c'], epoch: 1, revision: 5 }],
    ['change', { flagKeys: ['a'], epoch: 1, revision: 6 }],
    ['change', { flagKeys: ['a', 'b', 'c'], epoch: 1, revision: 7 }],
  ]);
});

test('without a server, clients go on by what they have, and get the rest when it is back', async () => {
  const clock = new TestClock();
  const flags = new TestFlags({ clock });
  flags.set('a', 1);
  const client = flags.client();
  await told();
  const events = heard(client);
  flags.stale('cable cut');
  flags.stale('again');
  clock.advance(1_500);
  flags.set('a', 2);
  expect(client.numberValue('a', 0)).toBe(1);
  expect(client.status()).toMatchObject({ state: 'stale', stalenessMs: 1_500, position: { revision: 2 } });
  const late = flags.client();
  expect(late.numberDetails('a', 0)).toMatchObject({ value: 1, revision: 2, staleness: { source: 'cache' } });
  flags.live();
  expect([client.numberValue('a', 0), late.numberValue('a', 0)]).toEqual([2, 2]);
  expect(client.status()).toMatchObject({ state: 'live', stalenessMs: 0, position: { revision: 3 } });
  await told();
  expect(events).toEqual([
    ['stale', { reason: 'cable cut' }],
    ['change', { flagKeys: ['a'], epoch: 1, revision: 3 }],
    ['live', { node: 'test', epoch: 1, revision: 3 }],
  ]);
});

test('a client that is connecting has no flags, and waits by the clock of the test', async () => {
  const clock = new TestClock();
  const flags = new TestFlags({ clock, state: 'connecting', initialTimeoutMs: 50 });
  flags.set('a', true);
  const client = flags.client();
  expect(client.status()).toMatchObject({ state: 'connecting', position: undefined });
  expect(client.booleanDetails('a', false).errorCode).toBe('PROVIDER_NOT_READY');
  expect(client.allFlags().flags.size).toBe(0);

  const waiting = client.waitForReady();
  clock.advance(50);
  await expect(waiting).rejects.toMatchObject({ reason: 'NOT_READY' });
  flags.fail('PERMISSION_DENIED', 'the key may not');
  expect(client.status().lastError?.reason).toBe('PERMISSION_DENIED');

  const both = Promise.all([client.waitForReady(), client.waitForLive()]);
  flags.live();
  await expect(both).resolves.toEqual([{ source: 'server' }, undefined]);
  expect(client.booleanValue('a', false)).toBe(true);
  expect(client.status().lastError).toBeUndefined();
});

test('windows of loaded definitions open by the clock of the test', () => {
  const clock = new TestClock(Date.UTC(2026, 5, 1));
  const flags = new TestFlags({ clock });
  const sale = structuredClone(document.flags[1]!);
  const window = { start: '2026-06-02T00:00:00Z' };
  const configs = {
    development: {
      enabled: true,
      rules: [{ id: 'sale', window, serve: { variant: 'on' } }],
      fallthrough: { variant: 'off' },
    },
  };
  flags.load({ format: 'flagstream/v1', flags: [{ ...sale, configs }] });
  const client = flags.client();
  expect(client.booleanValue('banner', true)).toBe(false);
  clock.advance(86_400_000);
  expect(client.booleanValue('banner', false)).toBe(true);
});

test('a closed client stays as it is', async () => {
  const flags = new TestFlags();
  flags.set('a', 1);
  const client = flags.client();
  await told();
  const events = heard(client);
  await client.close();
  await client.close();
  flags.set('a', 2);
  expect(client.numberValue('a', 0)).toBe(1);
  expect(client.status().state).toBe('closed');
  await expect(client.waitForLive()).rejects.toMatchObject({ reason: 'CANCELLED' });
  expect(events).toEqual([['closed', { reason: 'closed by the application' }]]);
});

test('a reset brings the beginning back, and tells the clients', async () => {
  const flags = new TestFlags();
  flags.load(document);
  flags.override('theme', 'bob', 'black');
  const client = flags.client();
  flags.stale();
  await told();
  const events = heard(client);
  flags.fail('UNREACHABLE', 'no route');
  flags.reset();
  expect(client.status().lastError).toBeUndefined();
  expect(client.allFlags({ targetingKey: 'bob' }).flags.size).toBe(0);
  expect(client.status().state).toBe('live');
  await told();
  expect(events.map(([event]) => event)).toEqual(['error', 'change', 'live']);
  // Of another kind than before: nothing of the last test is left.
  flags.set('theme', 1);
  expect(client.numberValue('theme', 0, { targetingKey: 'bob' })).toBe(1);

  const slow = new TestFlags({ state: 'connecting' });
  const early = slow.client();
  slow.reset();
  expect(early.status().state).toBe('connecting');
  slow.live();
  slow.reset();
  expect([early.status().state, slow.client().status().state]).toEqual(['stale', 'connecting']);
});

test('a listener that throws is reported and stops nobody', async () => {
  const reported: string[] = [];
  const error = (_fields: object, message: string): void => {
    reported.push(message);
  };
  const silent = (): void => undefined;
  const flags = new TestFlags({ logger: { debug: silent, info: silent, warn: silent, error } });
  const client = flags.client();
  client.on('change', () => {
    throw new Error('mine');
  });
  const events = heard(client);
  flags.set('a', true);
  await told();
  expect(events.at(-1)?.[0]).toBe('change');
  expect(reported).toEqual(['a listener threw']);
});

test('clients are bounded', () => {
  const flags = new TestFlags();
  flags.set('a', true);
  for (let open = 0; open < 1_000; open += 1) flags.client();
  expect(reasonOf(() => flags.client())).toBe('LIMIT_EXCEEDED');
});
