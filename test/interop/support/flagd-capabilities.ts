// What is asked of flagd's providers, as published, against a real evaluator that comes and goes.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Cell, ClientTable } from './client-table.ts';
import { asked, FlagdClient, type Question } from './flagd-client.ts';
import {
  CAPABILITIES,
  type Capability,
  type ClientSpec,
  type Mode,
  type SplitEngine,
} from './flagd-clients.ts';
import { FlagdServer, METADATA, NESTED } from './flagd-server.ts';
import { requiresClient } from './requires-tool.ts';
import { engineAnswers, evaluatorAnswers } from './split-engines.ts';

const isAscii = (key: string): boolean => !key.endsWith('ü');
/** Half of them ASCII. */
const SPLIT_KEYS = Array.from({ length: 200 }, (_, index) => `user-${index}${index % 2 === 0 ? '' : '-ü'}`);
/** Below what three calls with retries take, and far above what three without do. */
const NO_RETRY_MS = 5_000;

/** Registers the tests of each client, and writes their table when all are over. */
export function checkClients(tableName: string, mode: Mode, clients: readonly ClientSpec[]): void {
  const table = new ClientTable(tableName, CAPABILITIES);
  let server: FlagdServer;
  beforeAll(async () => {
    server = await FlagdServer.start();
  });
  afterAll(() => table.write(clients.map(({ name }) => name)));
  for (const spec of clients) checkClient({ spec, mode, table, server: () => server });
}

interface Checked {
  readonly spec: ClientSpec;
  readonly mode: Mode;
  readonly table: ClientTable;
  readonly server: () => FlagdServer;
}

function checkClient({ spec, mode, table, server: started }: Checked): void {
  const tool = requiresClient(spec);
  tool.describe(`flagd's provider, ${spec.name}`, () => {
    const startClient = (port = server.portOf(mode)): Promise<FlagdClient> =>
      FlagdClient.start(spec.name, tool.program, port, {
        ...spec.settings,
        ...tool.env,
        FLAGD_RESOLVER: mode,
      });

    const { splits: engine } = spec;
    /** An engine of flagd's has no word for it. */
    const splitReason = engine === undefined ? 'SPLIT' : 'TARGETING_MATCH';
    const ofSplit = (targetingKey: string): Question => asked('split', 'string', 'none', { targetingKey });
    let server: FlagdServer;
    let client: FlagdClient;
    let served: 'on' | 'off' = 'on';
    beforeAll(async () => {
      server = started();
      await server.serve('moving', 'on');
      await server.serve('moved-meanwhile', 'on');
      client = await startClient();
    });

    /** In this order, for a client keeps what it was answered. */
    const can = (capability: Capability, body: () => Promise<void>, cell?: Cell): void =>
      table.test(spec, capability, body, cell);

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

    can(
      '200 keys of a split, as the evaluator',
      async () => {
        const answers = await client.askAll(SPLIT_KEYS.map(ofSplit));
        const told = answers.map(({ variant }) => variant);
        const own = await evaluatorAnswers(server.grpcPort, 'split', SPLIT_KEYS);
        expect(new Set(told)).toEqual(new Set(['a', 'b', 'c']));
        expect(new Set(answers.map(({ reason }) => reason))).toEqual(new Set([splitReason]));
        if (engine === undefined || engine === 'v2') {
          expect(told).toEqual(own);
          return;
        }
        const different = SPLIT_KEYS.filter((_, index) => told[index] !== own[index]);
        expect(different).not.toEqual([]);
        if (engine === 'utf-16') expect(different.filter(isAscii)).toEqual([]);
        else expect(told).toEqual(await engineAnswers(server.syncPort, engine, 'split', SPLIT_KEYS));
      },
      splitCell(engine),
    );

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
        value: 'mine',
        reason: 'DISABLED',
        ...spec.disabled,
      });
    });

    can('metadata', async () => {
      const { metadata } = await client.ask(asked('described', 'boolean', false));
      expect(metadata).toMatchObject({ ...METADATA, flagSetId: 'default/development' });
    });

    can('change seen live', async () => {
      expect(await client.ask(moving)).toMatchObject({ value: true });
      await seesChange();
    });

    can('killed server is back', async () => {
      await server.crash();
      await server.up();
      if (mode === 'in-process') return changeIsAnswered();
      // Never asked before: no answer that it has kept.
      const context = { targetingKey: 'after-the-crash' };
      await client.askUntil(
        asked('split', 'string', 'none', context),
        ({ reason }) => reason === splitReason,
        'answers after the crash',
      );
    });

    can('change during an outage seen, though cached before', async () => {
      const question = asked('moved-meanwhile', 'boolean', false);
      // The notice of the restart may still be on its way: it takes kept answers away.
      const kept = spec.reasonOfKept ?? (mode === 'rpc' ? 'CACHED' : 'STATIC');
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
      if (mode === 'in-process') return changeIsAnswered();
      await client.askUntil(
        asked('split', 'string', 'none', { targetingKey: 'after-the-drain' }),
        ({ reason }) => reason === splitReason,
        'answers after the drain',
      );
      if (spec.lacks?.includes('change seen live')) return;
      await hears(heard, 'its new stream');
      await seesChange();
    });

    if (engine !== undefined && engine !== 'v2')
      test(`splits ${engine === 'utf-16' ? 'are sent' : 'can be withheld'}`, async () => {
        const careful = await startClient(await server.withholding());
        const [split, other] = await careful.askAll([ofSplit('user-1'), moving]);
        expect(split).toMatchObject(
          engine === 'utf-16' ? { reason: splitReason } : { value: 'none', errorCode: 'FLAG_NOT_FOUND' },
        );
        expect(other).toMatchObject({ reason: 'STATIC' });
        await careful.stop();
      });

    can('clean stop', async () => {
      expect(await client.stop()).toEqual({ saidSo: true, code: 0 });
    });

    const moving = asked('moving', 'boolean', false);

    async function hears(heard: number, of: string): Promise<void> {
      await client.eventAfter(
        heard,
        ({ event, flags }) =>
          event === 'changed' && (spec.eventsWithoutKeys === true || flags.includes('moving')),
        of,
      );
    }

    /** The other one than now, served from now on. */
    async function change(): Promise<'on' | 'off'> {
      served = served === 'on' ? 'off' : 'on';
      await server.serve('moving', served);
      return served;
    }

    async function seesChange(): Promise<void> {
      if (spec.withoutEvents === true) return changeIsAnswered();
      const heard = client.heard;
      const variant = await change();
      await hears(heard, `the change to ${variant}`);
      expect(await client.ask(moving)).toMatchObject({ variant, reason: 'STATIC' });
    }

    /** An engine of its own answers also while it is cut off; of a change it knows by a new stream alone. */
    async function changeIsAnswered(): Promise<void> {
      const variant = await change();
      await client.askUntil(moving, (told) => told.variant === variant, `the change to ${variant}`);
    }
  });
}

/** For the table: where an engine divides otherwise, and it is shown that it does nothing but that. */
function splitCell(engine: SplitEngine | undefined): Cell {
  if (engine === undefined || engine === 'v2') return 'passed';
  return `differs: engine (${engine === 'utf-16' ? 'keys that are not ASCII' : `fractional ${engine}`})`;
}
