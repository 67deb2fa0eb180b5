// OpenFeature with flagd's providers, as published, in five languages: each asks a real evaluator for every answer, over what
// its provider speaks. A language is one program (flagd-client-*) and one entry of CLIENTS; what is asked of it stands here.

import {
  EvaluateBatchRequest,
  EvaluationServiceClient,
} from '@flagstream/protocol/gen/flagstream/v1/evaluation';
import { credentials } from '@grpc/grpc-js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { callUnary } from '../support/grpc-call.ts';
import { hold } from '../support/resources.ts';
import { ClientTable } from './support/client-table.ts';
import { FlagdClient, type Question } from './support/flagd-client.ts';
import { FlagdServer, METADATA, NESTED } from './support/flagd-server.ts';
import { requiresTool } from './support/requires-tool.ts';

interface Client {
  readonly name: string;
  readonly program: string;
  readonly toolchain: string;
  readonly settings?: Readonly<Record<string, string>>;
  /** It speaks evaluation v1, where a value cannot be absent: a disabled flag has the zero of its type. */
  readonly withoutPresence?: boolean;
  readonly codeOfMismatch?: string;
  /** What its provider does not do with any server. */
  readonly lacks: readonly Capability[];
  /** Its provider makes text of nested objects. */
  readonly nestedAsText?: boolean;
}

const CAPABILITIES = [
  'all types of values',
  'targeting',
  '200 keys of a split, as the evaluator',
  'missing flag',
  'type mismatch',
  'disabled flag',
  'metadata',
  'change seen live',
  'killed server is back',
  'change during an outage seen, though cached before',
  'drained server is back',
  'clean stop',
] as const;
type Capability = (typeof CAPABILITIES)[number];

const CLIENTS: readonly Client[] = [
  { name: 'Node 0.16.1', program: 'flagd-client-node', toolchain: 'npm', lacks: [] },
  {
    name: 'Python 0.6.1',
    program: 'flagd-client-python',
    toolchain: 'Python 3.10',
    lacks: ['metadata'],
  },
  {
    name: 'Java 0.11.15',
    program: 'flagd-client-java',
    toolchain: 'Java 17 with Maven',
    withoutPresence: true,
    lacks: [],
  },
  {
    name: 'Rust 0.3.0',
    program: 'flagd-client-rust',
    toolchain: 'Rust with cargo',
    // Nothing tells it of a change: it would keep an answer for a minute.
    settings: { FLAGD_CACHE: 'disabled' },
    withoutPresence: true,
    codeOfMismatch: 'INVALID_CONTEXT',
    lacks: ['change seen live'],
    nestedAsText: true,
  },
  { name: 'Go 0.6.0', program: 'flagd-client-go', toolchain: 'Go 1.25', lacks: [] },
];
const SPLIT_KEYS = 200;
/** Below what three calls with retries take, and far above what three without do. */
const NO_RETRY_MS = 5_000;

const table = new ClientTable('flagd-clients', CAPABILITIES);
let server: FlagdServer;
beforeAll(async () => {
  server = await FlagdServer.start();
});
afterAll(() => table.write(CLIENTS.map(({ name }) => name)));

const asked = (flag: string, type: Question['type'], fallback: unknown, context = {}): Question => ({
  flag,
  type,
  default: fallback,
  context: { targetingKey: 'user-1', ...context },
});

for (const spec of CLIENTS) {
  const tool = requiresTool(spec.program, spec.toolchain);
  tool.describe(`flagd's provider, ${spec.name}`, () => {
    let client: FlagdClient;
    beforeAll(async () => {
      await server.serve('moving', 'on');
      await server.serve('moved-meanwhile', 'on');
      client = await FlagdClient.start(spec.name, tool.program, server.grpcPort, spec.settings);
    });

    /** In this order, for a client keeps what it was answered. */
    const can = (capability: Capability, body: () => Promise<void>): void => {
      if (spec.lacks.includes(capability)) {
        table.tell(spec.name, capability, 'client has none');
        return;
      }
      test(capability, async () => {
        table.tell(spec.name, capability, 'failed');
        await body();
        table.tell(spec.name, capability, 'passed');
      });
    };

    can('type mismatch', async () => {
      expect(await client.ask(asked('mistaken', 'boolean', true))).toMatchObject({
        value: true,
        reason: 'ERROR',
        errorCode: spec.codeOfMismatch ?? 'TYPE_MISMATCH',
      });
    });

    can('all types of values', async () => {
      const { more, ...flat } = NESTED;
      const object = spec.nestedAsText === true ? expect.objectContaining(flat) : { ...flat, more };
      const expected: readonly (readonly [string, Question['type'], unknown, unknown])[] = [
        ['a-boolean', 'boolean', false, true],
        ['a-string', 'string', 'none', 'hello, wörld'],
        ['an-integer', 'integer', 0, 42],
        ['a-number', 'number', 0, 0.25],
        ['an-object', 'object', { none: true }, object],
      ];
      for (const [flag, type, fallback, value] of expected)
        expect(await client.ask(asked(flag, type, fallback)), flag).toMatchObject({
          value,
          variant: 'on',
          reason: 'STATIC',
        });
    });

    can('targeting', async () => {
      const of = (country: string): Question => asked('targeted', 'boolean', false, { country });
      expect(await client.ask(of('NL'))).toMatchObject({ value: true, reason: 'TARGETING_MATCH' });
      expect(await client.ask(of('DE'))).toMatchObject({ value: false, reason: 'DEFAULT' });
    });

    can('200 keys of a split, as the evaluator', async () => {
      const keys = Array.from({ length: SPLIT_KEYS }, (_, index) => `user-${index}-ü`);
      const answers = await client.askAll(
        keys.map((targetingKey) => asked('split', 'string', 'none', { targetingKey })),
      );
      const told = answers.map(({ variant }) => variant);
      expect(new Set(told).size).toBe(3);
      expect(told).toEqual(await ownAnswers('split', keys));
      expect(new Set(answers.map(({ reason }) => reason))).toEqual(new Set(['SPLIT']));
    });

    can('missing flag', async () => {
      const beginMs = performance.now();
      for (let times = 0; times < 3; times++)
        expect(await client.ask(asked('not-there', 'string', 'mine'))).toMatchObject({
          value: 'mine',
          reason: 'ERROR',
          errorCode: 'FLAG_NOT_FOUND',
        });
      // Java's provider takes it for a passing failure unless it is told not to, and waits for two seconds or more each time.
      expect(performance.now() - beginMs).toBeLessThan(NO_RETRY_MS);
    });

    can('disabled flag', async () => {
      expect(await client.ask(asked('disabled', 'string', 'mine'))).toMatchObject({
        value: spec.withoutPresence === true ? '' : 'mine',
        reason: 'DISABLED',
      });
    });

    can('metadata', async () => {
      const { metadata } = await client.ask(asked('described', 'boolean', false));
      expect(metadata).toMatchObject({ ...METADATA, flagSetId: 'default/development' });
    });

    can('change seen live', async () => {
      expect(await client.ask(moving)).toMatchObject({ value: true });
      await seesChangeTo('off');
    });

    can('killed server is back', async () => {
      await server.crash();
      await server.up();
      // Never asked before: no answer that it has kept.
      const context = { targetingKey: 'after-the-crash' };
      await client.askUntil(
        asked('split', 'string', 'none', context),
        ({ reason }) => reason === 'SPLIT',
        'answers after the crash',
      );
    });

    can('change during an outage seen, though cached before', async () => {
      const question = asked('moved-meanwhile', 'boolean', false);
      // The notice of the restart may still be on its way: it takes kept answers away.
      const kept = spec.settings === undefined ? 'CACHED' : 'STATIC';
      await client.askUntil(
        question,
        ({ value, reason }) => value === true && reason === kept,
        'the value before the outage',
      );
      await server.crash();
      await server.serve('moved-meanwhile', 'off');
      await server.up();
      await client.askUntil(question, ({ variant }) => variant === 'off', 'the value after the outage');
    });

    can('drained server is back', async () => {
      const heard = client.heard;
      await server.drain();
      await server.up();
      await client.askUntil(
        asked('split', 'string', 'none', { targetingKey: 'after-the-drain' }),
        ({ reason }) => reason === 'SPLIT',
        'answers after the drain',
      );
      if (spec.lacks.includes('change seen live')) return;
      await hears(heard, 'its new stream');
      await seesChangeTo('on');
    });

    can('clean stop', async () => {
      expect(await client.stop()).toEqual({ saidSo: true, code: 0 });
    });

    const moving = asked('moving', 'boolean', false);

    async function hears(heard: number, of: string): Promise<void> {
      await client.eventAfter(
        heard,
        ({ event, flags }) => event === 'changed' && flags.includes('moving'),
        of,
      );
    }

    async function seesChangeTo(variant: 'on' | 'off'): Promise<void> {
      const heard = client.heard;
      await server.serve('moving', variant);
      await hears(heard, `the change to ${variant}`);
      expect(await client.ask(moving)).toMatchObject({ variant, reason: 'STATIC' });
    }
  });
}

/** The variants that our own service gives each key. */
async function ownAnswers(flag: string, keys: readonly string[]): Promise<readonly (string | undefined)[]> {
  const own = new EvaluationServiceClient(`127.0.0.1:${server.grpcPort}`, credentials.createInsecure());
  hold({ what: 'our own client', release: () => own.close(), releaseNow: () => own.close() });
  const contexts = keys.map((targetingKey) => ({ targetingKey }));
  const request = EvaluateBatchRequest.fromPartial({ flagKeys: [flag], contexts });
  const { results } = await callUnary(own, own.evaluateBatch, request);
  return results.map(({ results: [result] }) => result?.variant);
}
