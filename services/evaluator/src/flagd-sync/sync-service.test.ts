import { FlagSyncServiceClient, type SyncFlagsResponse } from '@flagstream/protocol/gen/flagd/sync/v1/sync';
import * as grpc from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { until } from '../../../../test/support/until.ts';
import { call, closing, failure, Inbox, type Started, start } from '../evaluator.fixture.ts';
import type { EvaluatorConfig } from '../evaluator-config.ts';
import { booleanFlag, entity, type MemoryLog, serving, shopLog, stringFlag } from '../log.fixture.ts';

const PROJECT = 'default';
const EVERYBODY = { providerId: 'test', selector: '' };
const on = (key: string) => entity.config(PROJECT, 'development', key, serving('on'));
const split = {
  enabled: true,
  fallthrough: {
    split: {
      entries: [
        { variant: 'on', weight: 50_000 },
        { variant: 'off', weight: 50_000 },
      ],
    },
  },
};

interface Site extends Started {
  readonly log: MemoryLog;
}

async function site(over: Partial<EvaluatorConfig> = {}): Promise<Site> {
  const log = shopLog();
  const started = await start(log, {}, { syncPort: 0, ...over });
  await started.evaluator.ready();
  return { ...started, log };
}

/** As an engine's gRPC library that calls itself `userAgent`. */
function connection({ evaluator }: Started, userAgent?: string): InstanceType<typeof FlagSyncServiceClient> {
  const options = {
    'grpc.use_local_subchannel_pool': 1,
    ...(userAgent === undefined ? {} : { 'grpc.primary_user_agent': userAgent }),
  };
  const target = `127.0.0.1:${evaluator.syncPort}`;
  return closing(new FlagSyncServiceClient(target, grpc.credentials.createInsecure(), options), (c) =>
    c.close(),
  );
}

interface Subscription {
  readonly inbox: Inbox<SyncFlagsResponse>;
  /** Flags of the nth document, counted from 0. */
  document(nth: number): Promise<Record<string, Record<string, unknown>>>;
}

function subscribe(
  client: InstanceType<typeof FlagSyncServiceClient>,
  selector = '',
  header = '',
): Subscription {
  const metadata = new grpc.Metadata();
  if (header !== '') metadata.set('flagd-selector', header);
  const stream = client.syncFlags({ providerId: 'test', selector }, metadata);
  closing(stream, (each) => each.cancel());
  const inbox = new Inbox<SyncFlagsResponse>(stream);
  return {
    inbox,
    document: async (nth) => {
      const { flagConfiguration } = await inbox.until(() => inbox.messages[nth]);
      return (JSON.parse(flagConfiguration) as { flags: Record<string, Record<string, unknown>> }).flags;
    },
  };
}

async function scraped({ evaluator }: Started): Promise<string> {
  return (await fetch(`http://127.0.0.1:${evaluator.managementPort}/metrics`)).text();
}

describe('SyncFlags', () => {
  it('sends the whole document at once, and again when it has changed', async () => {
    const here = await site();
    here.log.commit(entity.flag(PROJECT, 'banner', booleanFlag), on('banner'));
    const { inbox, document } = subscribe(connection(here));
    const first = await document(0);
    expect(inbox.messages[0]?.syncContext).toEqual({});
    expect(Object.keys(first)).toEqual(Object.keys(first).sort());
    expect(first['banner']).toEqual({
      state: 'ENABLED',
      variants: { on: true, off: false },
      defaultVariant: 'on',
      metadata: { flagSetId: 'default/development' },
    });
    here.log.commit(entity.config(PROJECT, 'development', 'banner', { enabled: false }));
    expect((await document(1))['banner']).toMatchObject({ state: 'ENABLED', defaultVariant: 'off' });
    here.log.commit(entity.flag(PROJECT, 'banner', null));
    expect(await document(2)).not.toHaveProperty('banner');
  });

  it('says nothing of what changes no document', async () => {
    const here = await site();
    const { inbox, document } = subscribe(connection(here));
    await document(0);
    here.log.commit(entity.segment(PROJECT, 'nobody', { attribute: 'country' }));
    here.log.commit(entity.flag(PROJECT, 'banner', booleanFlag), on('banner'));
    expect(await document(1)).toHaveProperty('banner');
    expect(inbox.messages.length).toBe(2);
  });

  it('selects by its header before its request, and refuses what it does not know', async () => {
    const here = await site();
    const inSet = { ...booleanFlag, metadata: { flagSetId: 'web' } };
    here.log.commit(entity.flag(PROJECT, 'banner', inSet), on('banner'));
    const client = connection(here);
    expect(Object.keys(await subscribe(client, 'flagSetId=web').document(0))).toEqual(['banner']);
    expect(await subscribe(client, 'flagSetId=web', 'source=none').document(0)).toEqual({});
    const { inbox } = subscribe(client, 'color=red');
    expect((await inbox.until(() => inbox.error)).reason).toBe('INVALID_FIELD');
  });

  it('leaves out what flagd cannot be told, counts it, and names it once with the reason', async () => {
    const here = await site();
    const matching = {
      id: 'r',
      condition: { compare: { operator: 'matches', values: ['^a'] } },
      serve: { variant: 'on' },
    };
    here.log.commit(
      entity.flag(PROJECT, 'banner', booleanFlag),
      entity.config(PROJECT, 'development', 'banner', { enabled: true, rules: [matching] }),
    );
    const { document } = subscribe(connection(here));
    expect(await document(0)).not.toHaveProperty('banner');
    expect(await scraped(here)).toContain('flagstream_flagd_sync_withheld_flags{construct="operator"} 1\n');
    here.log.commit(entity.flag(PROJECT, 'other', booleanFlag), on('other'));
    expect(await document(1)).toHaveProperty('other');
    expect(here.logs.filter(({ withheld }) => withheld !== undefined)).toMatchObject([
      {
        environment: 'development',
        withheld: 1,
        flags: ['banner: JSONLogic has nothing that answers as "matches"'],
      },
    ]);
  });

  it('ends with UNAVAILABLE when the process stops', async () => {
    const here = await site();
    const { inbox, document } = subscribe(connection(here));
    await document(0);
    await here.evaluator.close();
    expect((await inbox.until(() => inbox.error)).reason).toBe('DRAINING');
  });

  it('encodes a document once for all who select the same', async () => {
    const here = await site();
    const client = connection(here);
    for (const { document } of Array.from({ length: 10 }, () => subscribe(client))) await document(0);
    const text = await scraped(here);
    expect(text).toContain('flagstream_flagd_sync_documents_total 1\n');
    expect(text).toContain('flagstream_flagd_sync_clients{engine="node",bucketing="flagd"} 10\n');
    expect(text).toMatch(/flagstream_flagd_sync_bytes_total [1-9]/);
  });

  it('refuses a document that no client would take, and ends the streams that it comes to', async () => {
    const here = await site();
    const client = connection(here);
    const { inbox, document } = subscribe(client);
    await document(0);
    const large = Array.from({ length: 70 }, (_, index) => `${index}`.padEnd(870, 'x'));
    for (let nth = 0; nth < 90; nth++)
      here.log.commit(entity.flag(PROJECT, `large-${nth}`, stringFlag(...large.slice(0, 30))));
    const error = await inbox.until(() => inbox.error);
    expect(error.message).toContain('clients take 4194304');
    expect((await failure(call(client, client.fetchAllFlags, EVERYBODY))).message).toContain('4194304');
  });
});

describe('clients whose engine divides subjects in another way', () => {
  const PYTHON = 'grpc-python/1.82.1 grpc-c/50.0.0';

  it('are counted and named', async () => {
    const here = await site();
    await subscribe(connection(here, PYTHON)).document(0);
    expect(await scraped(here)).toContain(
      'flagstream_flagd_sync_clients{engine="python",bucketing="v3"} 1\n',
    );
    expect(here.logs.some(({ engine, bucketing }) => engine === 'python' && bucketing === 'v3')).toBe(true);
  });

  it('get splits as from flagd, or none where it is set so', async () => {
    for (const syncSplits of ['send', 'withhold'] as const) {
      const here = await site({ syncSplits });
      here.log.commit(
        entity.flag(PROJECT, 'divided', booleanFlag),
        entity.config(PROJECT, 'development', 'divided', split),
        entity.flag(PROJECT, 'banner', booleanFlag),
        on('banner'),
      );
      const keys = async (userAgent?: string): Promise<boolean[]> => {
        const flags = await subscribe(connection(here, userAgent)).document(0);
        return ['banner', 'divided'].map((key) => key in flags);
      };
      await until(() => here.evaluator.applied().revision === here.log.position.revision, {
        what: 'the log',
      });
      expect(await keys()).toEqual([true, true]);
      expect(await keys(PYTHON)).toEqual([true, syncSplits === 'send']);
    }
  });
});

describe('the unary calls', () => {
  it('fetch the same document, and set the metadata', async () => {
    const here = await site();
    const client = connection(here);
    const { inbox, document } = subscribe(client);
    await document(0);
    const fetched = await call(client, client.fetchAllFlags, EVERYBODY);
    expect(fetched.flagConfiguration).toBe(inbox.messages[0]?.flagConfiguration);
    expect(await call(client, client.getMetadata, {})).toEqual({ metadata: {} });
  });
});
