// OpenFeature's own providers for OFREP, as npm has them, against an evaluator: what an application gets. Programs around
// them lie in ofrep-node and ofrep-web, apart from each other, as they need different versions of one package.

import { KeyKind } from '@flagstream/protocol/gen/flagstream/v1/model';
import { expect, test } from 'vitest';
import { testKey } from '../../packages/runtime/src/keys/key.fixture.ts';
import { type Started, start } from '../../services/evaluator/src/evaluator.fixture.ts';
import {
  booleanFlag,
  entity,
  type MemoryLog,
  serving,
  shopLog,
  stringFlag,
} from '../../services/evaluator/src/log.fixture.ts';
import { npmProgram, type RunningProgram } from './support/requires-npm.ts';

const node = npmProgram('ofrep-node');
const web = npmProgram('ofrep-web');

const DEVELOPMENT = { project: 'default', environment: 'development' };
const SET = { flagSetId: 'default/development' };

interface Question {
  readonly flagKey: string;
  readonly type: 'boolean' | 'string' | 'number' | 'object';
  readonly fallback: unknown;
}

/** As OpenFeature's SDKs have them. */
interface Details {
  readonly flagKey: string;
  readonly value: unknown;
  readonly reason?: string;
  readonly variant?: string;
  readonly errorCode?: string;
  readonly flagMetadata?: object;
}

const question = (flagKey: string, type: Question['type'], fallback: unknown): Question => ({
  flagKey,
  type,
  fallback,
});

const QUESTIONS: readonly Question[] = [
  question('new-checkout', 'boolean', false),
  question('greeting', 'string', 'fallback'),
  question('price', 'number', 0),
  question('layout', 'object', {}),
  question('targeted', 'boolean', false),
  question('halved', 'string', 'fallback'),
  question('nothing', 'boolean', true),
  question('price', 'string', 'fallback'),
  question('switched-off', 'string', 'fallback'),
];

function log(): MemoryLog {
  const made = shopLog();
  const flag = (key: string, json: object, config: object): void => {
    made.commit(entity.flag('default', key, json), entity.config('default', 'development', key, config));
  };
  flag('greeting', { ...stringFlag('hello'), metadata: { team: 'web', size: 3 } }, serving('hello'));
  flag('price', { kind: 'FLAG_KIND_NUMBER', variants: [{ key: 'low', value: 2.5 }] }, serving('low'));
  const layout = {
    kind: 'FLAG_KIND_OBJECT',
    variants: [{ key: 'wide', value: { columns: [1, { gap: 'é' }] } }],
  };
  flag('layout', layout, serving('wide'));
  flag('switched-off', stringFlag('a'), { enabled: false });
  const condition = { compare: { attribute: 'tier', operator: 'equals', values: ['gold'] } };
  const rules = [{ id: 'gold', condition, serve: { variant: 'on' } }];
  flag('targeted', booleanFlag, { enabled: true, rules, fallthrough: { variant: 'off' } });
  const entries = [
    { variant: 'a', ranges: [{ from: 0, to: 50_000 }] },
    { variant: 'b', ranges: [{ from: 50_000, to: 100_000 }] },
  ];
  flag('halved', stringFlag('a', 'b'), { enabled: true, fallthrough: { split: { entries } } });
  return made;
}

const urlOf = ({ evaluator }: Started): string => `http://127.0.0.1:${evaluator.ofrepPort}`;

/** What a provider is to answer, the same with both. */
const EXPECTED = {
  'new-checkout': { value: true, reason: 'STATIC', variant: 'on', flagMetadata: SET },
  greeting: {
    value: 'hello',
    reason: 'STATIC',
    variant: 'hello',
    flagMetadata: { ...SET, team: 'web', size: 3 },
  },
  layout: { value: { columns: [1, { gap: 'é' }] }, reason: 'STATIC', variant: 'wide' },
  targeted: { value: true, reason: 'TARGETING_MATCH', variant: 'on' },
  nothing: { value: true, reason: 'ERROR', errorCode: 'FLAG_NOT_FOUND' },
} as const;

function expectAnswers(answers: readonly Details[]): void {
  for (const [flagKey, expected] of Object.entries(EXPECTED))
    expect(answers.find((details) => details.flagKey === flagKey)).toMatchObject(expected);
  const [asNumber, asText] = answers.filter(({ flagKey }) => flagKey === 'price');
  expect(asNumber).toMatchObject({ value: 2.5, variant: 'low' });
  expect(asText).toMatchObject({ value: 'fallback', errorCode: 'TYPE_MISMATCH' });
}

const ofKey = (answers: readonly Details[], key: string): Details | undefined =>
  answers.find(({ flagKey }) => flagKey === key);

node.describe("OpenFeature's OFREP provider for servers", () => {
  const ask = async (program: RunningProgram, asked: Question, context: object): Promise<Details> => {
    program.write({ ...asked, context });
    return (await program.next()) as Details;
  };

  test('gets each kind of flag, targeted, off, missing and of another type', async () => {
    const program = node.start({ baseUrl: urlOf(await start(log())), headers: {} });
    const answers: Details[] = [];
    for (const asked of QUESTIONS)
      answers.push(await ask(program, asked, { targetingKey: 'u1', tier: 'gold' }));
    expectAnswers(answers);
    // It takes an answer without a value for a fault of the server, and the caller's default stands all the same.
    expect(ofKey(answers, 'switched-off')).toMatchObject({ value: 'fallback', errorCode: 'GENERAL' });
  });

  test('puts every subject where the evaluator itself does', async () => {
    const started = await start(log());
    const program = node.start({ baseUrl: urlOf(started), headers: {} });
    const seen = new Set<unknown>();
    for (let subject = 0; subject < 40; subject++) {
      const context = { targetingKey: `user-${subject}` };
      const { value, reason } = await ask(program, question('halved', 'string', ''), context);
      const { client } = started;
      const own = await new Promise<{ value?: unknown; variant: string }>((resolve, reject) =>
        client.evaluate(
          { flagKey: 'halved', context, expectedKind: 0, allowStale: false },
          (error, answer) => (error === null ? resolve(answer) : reject(error)),
        ),
      );
      expect({ value, reason }).toEqual({ value: own.variant, reason: 'SPLIT' });
      seen.add(value);
    }
    expect([...seen].sort()).toEqual(['a', 'b']);
  });

  test('that asks too much with its key pauses, and is let in with it before', async () => {
    const key = testKey(KeyKind.SERVER, {}, DEVELOPMENT);
    const made = log();
    made.commit(key.change);
    const quota = { callsPerSecond: 1, burstCalls: 1, streams: 1 };
    const started = await start(made, { quota, monotonicMs: () => 0 }, { requireKeys: true });
    const program = node.start({
      baseUrl: urlOf(started),
      headers: [['Authorization', `Bearer ${key.token}`]],
    });
    const asked = question('new-checkout', 'boolean', false);
    expect(await ask(program, asked, {})).toMatchObject({ value: true });
    expect(await ask(program, asked, {})).toMatchObject({ value: false, reason: 'ERROR' });
    // Not asked at all any more: the first word of it is of the provider's own.
    expect(await ask(program, asked, {})).toMatchObject({ errorMessage: expect.stringMatching(/paused/) });
    const stranger = node.start({ baseUrl: urlOf(started), headers: [] });
    expect(await ask(stranger, asked, {})).toMatchObject({ value: false, reason: 'ERROR' });
  });
});

web.describe("OpenFeature's OFREP provider for browsers", () => {
  interface Told {
    readonly answers: readonly Details[];
    readonly flagsChanged?: readonly string[];
  }
  const isAnswers = (told: unknown): told is Told => (told as Partial<Told>).answers !== undefined;
  const isRequest = (told: unknown): told is { readonly request: number } =>
    (told as { readonly request?: number }).request !== undefined;
  const context = { targetingKey: 'u1', tier: 'gold' };

  test('gets all flags at once, also those whose default stands', async () => {
    const program = web.start({
      baseUrl: urlOf(await start(log())),
      headers: {},
      questions: QUESTIONS,
      context,
    });
    const { answers } = await program.nextOf(isAnswers);
    expectAnswers(answers);
    expect(ofKey(answers, 'switched-off')).toMatchObject({ value: 'fallback', reason: 'DISABLED' });
    expect(ofKey(answers, 'switched-off')).not.toHaveProperty('errorCode');
    expect(ofKey(answers, 'halved')).toMatchObject({ reason: 'SPLIT' });
  });

  test.each(['without keys', 'with a key that its stream cannot show'])(
    'hears of a change as it happens, and of nothing where nothing has changed for it: %s',
    async (how) => {
      const key = testKey(KeyKind.CLIENT, {}, DEVELOPMENT);
      const made = log();
      made.commit(
        entity.flag('default', 'shown', { ...booleanFlag, clientVisible: true }),
        entity.config('default', 'development', 'shown', serving('off')),
        key.change,
      );
      const isKeyed = how !== 'without keys';
      const started = await start(made, {}, { requireKeys: isKeyed });
      const program = web.start({
        baseUrl: urlOf(started),
        headers: isKeyed ? { Authorization: `Bearer ${key.token}` } : {},
        questions: [question('shown', 'boolean', true)],
        context,
      });
      expect(await program.next()).toEqual({ request: 200 });
      expect((await program.nextOf(isAnswers)).answers).toMatchObject([{ value: false, variant: 'off' }]);
      made.commit(entity.config('default', 'development', 'shown', serving('on')));
      const told = await program.nextOf(isAnswers);
      expect(told.flagsChanged).toEqual(['shown']);
      expect(told.answers).toMatchObject([{ value: true, variant: 'on' }]);
      // A change that answers others differently: it asks, and is told that it has what there is.
      const rule = {
        id: 'other',
        condition: { compare: { attribute: 'tier', operator: 'equals', values: ['tin'] } },
      };
      const rules = [{ ...rule, serve: { variant: 'off' } }];
      made.commit(
        entity.config('default', 'development', 'shown', {
          enabled: true,
          rules: [{ ...rule, serve: { variant: 'on' } }],
          fallthrough: { variant: 'on' },
        }),
      );
      expect((await program.nextOf(isAnswers)).answers).toMatchObject([{ value: true, reason: 'DEFAULT' }]);
      made.commit(
        entity.config('default', 'development', 'shown', {
          enabled: true,
          rules,
          fallthrough: { variant: 'on' },
        }),
      );
      expect(
        await program.nextOf(
          (each): each is { readonly request: number } => isRequest(each) && each.request === 304,
        ),
      ).toEqual({ request: 304 });
    },
  );
});
