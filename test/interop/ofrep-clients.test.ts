// OpenFeature with its providers for OFREP, as published, in six languages and in a browser, against a real evaluator. A language is one
// program (ofrep-*) and one entry of CLIENTS; what is asked of it stands here. All but the web provider ask for each answer.

import { afterAll, beforeAll, expect } from 'vitest';
import { ClientTable } from './support/client-table.ts';
import { asked, FlagdClient, type Outcome, type Question } from './support/flagd-client.ts';
import { FlagdServer, METADATA, NESTED } from './support/flagd-server.ts';
import { requiresClient } from './support/requires-tool.ts';
import { evaluatorAnswers } from './support/split-engines.ts';

interface Client {
  readonly name: string;
  readonly program: string;
  readonly toolchain: string;
  /** Its program starts Chromium. */
  readonly inBrowser?: boolean;
  /** It asks for all flags at once, keeps them, and hears of changes. */
  readonly keeps?: boolean;
  /** What it says where the caller's own default stands. */
  readonly disabled: { readonly reason: string; readonly errorCode?: string };
  readonly codeOfMismatch?: string;
  /** Every answer has the reason STATIC, whatever the server has said. */
  readonly dropsReasons?: boolean;
  /** What its provider does not do with any server. */
  readonly lacks: readonly Capability[];
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
  'event of a change',
  'killed server is back',
  'change during an outage seen, though asked before',
  'drained server is back',
  'clean stop',
] as const;
type Capability = (typeof CAPABILITIES)[number];

const CLIENTS: readonly Client[] = [
  {
    name: 'Node 0.1.3',
    program: 'ofrep-node',
    toolchain: 'npm',
    disabled: { reason: 'ERROR', errorCode: 'GENERAL' },
    lacks: ['event of a change'],
  },
  {
    name: 'web 0.4.3 in Node',
    program: 'ofrep-web',
    toolchain: 'npm',
    keeps: true,
    disabled: { reason: 'DISABLED' },
    lacks: [],
  },
  {
    name: 'web 0.4.3 in Chromium',
    program: 'openfeature-browser',
    toolchain: 'npm',
    inBrowser: true,
    keeps: true,
    disabled: { reason: 'DISABLED' },
    lacks: [],
  },
  {
    name: 'Python 0.3.0',
    program: 'ofrep-python',
    toolchain: 'Python 3.10',
    disabled: { reason: 'DISABLED' },
    lacks: ['event of a change'],
  },
  {
    name: 'Java 0.0.2',
    program: 'ofrep-java',
    toolchain: 'Java 17 with Maven',
    disabled: { reason: 'ERROR', errorCode: 'FLAG_NOT_FOUND' },
    lacks: ['event of a change'],
  },
  {
    name: 'Rust 0.1.2',
    program: 'ofrep-rust',
    toolchain: 'Rust with cargo',
    disabled: { reason: 'ERROR', errorCode: 'PARSE_ERROR' },
    codeOfMismatch: 'PARSE_ERROR',
    dropsReasons: true,
    lacks: ['metadata', 'event of a change'],
  },
  {
    name: 'Go 0.1.7',
    program: 'ofrep-go',
    toolchain: 'Go 1.25',
    disabled: { reason: 'DISABLED' },
    lacks: ['event of a change'],
  },
];
const SPLIT_KEYS = 200;

const table = new ClientTable('ofrep-clients', CAPABILITIES);
let server: FlagdServer;
beforeAll(async () => {
  server = await FlagdServer.start();
});
afterAll(() => table.write(CLIENTS.map(({ name }) => name)));

for (const spec of CLIENTS) {
  const tool = requiresClient(spec);
  tool.describe(`OpenFeature's provider for OFREP, ${spec.name}`, () => {
    let client: FlagdClient;
    beforeAll(async () => {
      await server.serve('moving', 'on');
      await server.serve('moved-meanwhile', 'on');
      client = await FlagdClient.start(spec.name, tool.program, server.ofrepPort, {
        ...tool.env,
        OFREP_ENDPOINT: `http://127.0.0.1:${server.ofrepPort}`,
      });
    });

    const can = (capability: Capability, body: () => Promise<void>): void =>
      table.test(spec, capability, body);
    const told = (reason: string): string => (spec.dropsReasons === true ? 'STATIC' : reason);

    can('type mismatch', async () => {
      expect(await client.ask(asked('mistaken', 'boolean', true))).toMatchObject({
        value: true,
        reason: 'ERROR',
        errorCode: spec.codeOfMismatch ?? 'TYPE_MISMATCH',
      });
    });

    can('all types of values', async () => {
      const expected: readonly (readonly [string, Question['type'], unknown, unknown])[] = [
        ['a-boolean', 'boolean', false, true],
        ['a-string', 'string', 'none', 'hello, wörld'],
        ['an-integer', 'integer', 0, 42],
        ['a-number', 'number', 0.5, 0.25],
        ['an-object', 'object', { none: true }, NESTED],
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
      // In a browser what is stored for this targetingKey answers until the server has.
      const answerTo = (question: Question): Promise<Outcome> =>
        client.askUntil(question, ({ reason }) => reason !== 'CACHED', 'an answer of the server');
      expect(await answerTo(of('NL'))).toMatchObject({ value: true, reason: told('TARGETING_MATCH') });
      expect(await answerTo(of('DE'))).toMatchObject({ value: false, reason: told('DEFAULT') });
    });

    can('200 keys of a split, as the evaluator', async () => {
      const keys = Array.from({ length: SPLIT_KEYS }, (_, index) => `user-${index}-ü`);
      const answers = await client.askAll(
        keys.map((targetingKey) => asked('split', 'string', 'none', { targetingKey })),
      );
      const variants = answers.map(({ variant }) => variant);
      expect(new Set(variants).size).toBe(3);
      expect(variants).toEqual(await evaluatorAnswers(server.grpcPort, 'split', keys));
      expect(new Set(answers.map(({ reason }) => reason))).toEqual(new Set([told('SPLIT')]));
    });

    can('missing flag', async () => {
      expect(await client.ask(asked('not-there', 'string', 'mine'))).toMatchObject({
        value: 'mine',
        reason: 'ERROR',
        errorCode: 'FLAG_NOT_FOUND',
      });
    });

    can('disabled flag', async () => {
      const outcome = await client.ask(asked('disabled', 'string', 'mine'));
      expect(outcome).toMatchObject({ value: 'mine', ...spec.disabled });
      if (spec.disabled.errorCode === undefined) expect(outcome.errorCode ?? '').toBe('');
    });

    can('metadata', async () => {
      const { metadata } = await client.ask(asked('described', 'boolean', false));
      expect(metadata).toMatchObject({ ...METADATA, flagSetId: 'default/development' });
    });

    can('change seen live', async () => {
      expect(await client.ask(moving)).toMatchObject({ value: true });
      await server.serve('moving', 'off');
      await sees('off');
    });

    can('event of a change', () => hearsChangeTo('on'));

    can('killed server is back', async () => {
      await server.crash();
      await server.up();
      await answers('after-the-crash');
    });

    can('change during an outage seen, though asked before', async () => {
      const question = asked('moved-meanwhile', 'boolean', false);
      await client.askUntil(question, ({ variant }) => variant === 'on', 'the value before the outage');
      await server.crash();
      await server.serve('moved-meanwhile', 'off');
      if (spec.keeps === true) expect(await client.ask(question)).toMatchObject({ variant: 'on' });
      await server.up();
      await client.askUntil(question, ({ variant }) => variant === 'off', 'the value after the outage');
    });

    can('drained server is back', async () => {
      await server.drain();
      await server.up();
      await answers('after-the-drain');
      await server.serve('moving', 'off');
      await sees('off');
      if (spec.keeps === true) await hearsChangeTo('on');
    });

    can('clean stop', async () => {
      expect(await client.stop()).toEqual({ saidSo: true, code: 0 });
    });

    const moving = asked('moving', 'boolean', false);

    async function sees(variant: 'on' | 'off'): Promise<void> {
      await client.askUntil(moving, (outcome) => outcome.variant === variant, `the change to ${variant}`);
    }

    async function hearsChangeTo(variant: 'on' | 'off'): Promise<void> {
      const heard = client.heard;
      await server.serve('moving', variant);
      await client.eventAfter(
        heard,
        ({ event, flags }) => event === 'changed' && flags.includes('moving'),
        `the change to ${variant}`,
      );
      expect(await client.ask(moving)).toMatchObject({ variant, reason: 'STATIC' });
    }

    /** Who keeps answers is asked about somebody for whom it has none. */
    async function answers(targetingKey: string): Promise<void> {
      await client.askUntil(
        asked('split', 'string', 'none', { targetingKey }),
        ({ reason, variant }) => reason === told('SPLIT') && variant !== undefined,
        `answers ${targetingKey}`,
      );
    }
  });
}
