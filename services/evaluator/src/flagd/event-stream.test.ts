import {
  type EventStreamResponse,
  ServiceClient,
} from '@flagstream/protocol/gen/flagd/evaluation/v2/evaluation';
import * as grpc from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { until } from '../../../../test/support/until.ts';
import { closing, Inbox, type Started, start, TestClock } from '../evaluator.fixture.ts';
import { booleanFlag, entity, type MemoryLog, serving, shopLog } from '../log.fixture.ts';

const PROJECT = 'default';
const on = (key: string) => entity.config(PROJECT, 'development', key, serving('on'));

interface Site extends Started {
  readonly log: MemoryLog;
  readonly clock: TestClock;
}

async function site(): Promise<Site> {
  const log = shopLog();
  const clock = new TestClock();
  const started = await start(log, { now: clock.now, monotonicMs: clock.monotonicMs });
  await started.evaluator.ready();
  return { ...started, log, clock };
}

/** A connection of its own, as each process of flagd's clients has. */
function connection({ target }: Started): InstanceType<typeof ServiceClient> {
  const options = { 'grpc.use_local_subchannel_pool': 1 };
  return closing(new ServiceClient(target, grpc.credentials.createInsecure(), options), (c) => c.close());
}

interface Opened {
  readonly inbox: Inbox<EventStreamResponse>;
  /** The nth change, counted from 0, by flag. */
  change(nth: number): Promise<Record<string, string>>;
  cancel(): void;
}

function open(client: InstanceType<typeof ServiceClient>, selector?: string): Opened {
  const metadata = new grpc.Metadata();
  if (selector !== undefined) metadata.set('flagd-selector', selector);
  const stream = client.eventStream({}, metadata);
  const inbox = new Inbox<EventStreamResponse>(stream);
  closing(stream, (each) => each.cancel());
  return {
    inbox,
    cancel: () => stream.cancel(),
    change: (nth) =>
      inbox.until(() => {
        const found = inbox.messages.filter(({ type }) => type === 'configuration_change')[nth];
        const flags = found?.data?.['flags'] as Record<string, { type: string }> | undefined;
        return flags && Object.fromEntries(Object.entries(flags).map(([key, { type }]) => [key, type]));
      }),
  };
}

/** Until the evaluator has so many streams of flagd's clients. */
async function openStreams({ evaluator }: Started, count: number): Promise<void> {
  const sample = `flagstream_stream_clients{kind="events"} ${count}\n`;
  const url = `http://127.0.0.1:${evaluator.managementPort}/metrics`;
  await until(async () => (await (await fetch(url)).text()).includes(sample), { what: sample });
}

describe('EventStream', () => {
  it('is ready at once, and names what was written, updated and deleted', async () => {
    const here = await site();
    const stream = open(connection(here));
    await stream.change(0);
    expect(stream.inbox.messages[0]).toEqual({ type: 'provider_ready', data: {} });
    here.log.commit(entity.flag(PROJECT, 'banner', booleanFlag), on('banner'));
    expect(await stream.change(1)).toEqual({ banner: 'write' });
    here.log.commit(entity.config(PROJECT, 'development', 'banner', serving('off')));
    expect(await stream.change(2)).toEqual({ banner: 'update' });
    here.log.commit(entity.flag(PROJECT, 'banner', null));
    expect(await stream.change(3)).toEqual({ banner: 'delete' });
  });

  it('says nothing of what is not selected', async () => {
    const here = await site();
    const stream = open(connection(here), 'flagSetId=payments');
    await stream.inbox.until(() => stream.inbox.messages[0]);
    const mine = { ...booleanFlag, metadata: { flagSetId: 'payments' } };
    here.log.commit(entity.flag(PROJECT, 'banner', booleanFlag), on('banner'));
    here.log.commit(entity.flag(PROJECT, 'fee', mine), on('fee'));
    expect(await stream.change(0)).toEqual({ fee: 'write' });
    // It leaves the set, and is gone for those who select it.
    here.log.commit(entity.flag(PROJECT, 'fee', booleanFlag));
    expect(await stream.change(1)).toEqual({ fee: 'delete' });
  });

  it('names flags whose answers only time has changed', async () => {
    const here = await site();
    const fromMs = here.clock.nowMs + 60_000;
    here.log.commit(
      entity.flag(PROJECT, 'sale', booleanFlag),
      entity.config(PROJECT, 'development', 'sale', {
        enabled: true,
        rules: [{ id: 'sale', window: { start: new Date(fromMs).toISOString() }, serve: { variant: 'on' } }],
        fallthrough: { variant: 'off' },
      }),
    );
    const stream = open(connection(here));
    await stream.change(0);
    here.clock.advance(61_000);
    expect(await stream.change(1)).toMatchObject({ sale: 'update' });
  });

  it('lives: it says so every 20 s', async () => {
    const here = await site();
    const stream = open(connection(here));
    await stream.change(0);
    here.clock.advance(21_000);
    await stream.inbox.until(() => stream.inbox.messages.find(({ type }) => type === 'keep_alive'));
  });

  it('tells a client that nobody knows of every flag, also of those that are gone', async () => {
    const here = await site();
    here.log.commit(entity.flag(PROJECT, 'banner', booleanFlag), on('banner'));
    here.log.commit(entity.flag(PROJECT, 'banner', null));
    expect(await open(connection(here)).change(0)).toEqual({ banner: 'delete', 'new-checkout': 'update' });
  });

  it('tells a client that reopens its stream of what changed since, and of nothing else', async () => {
    const here = await site();
    const client = connection(here);
    const first = open(client);
    await first.change(0);
    first.cancel();
    await openStreams(here, 0);
    here.log.commit(entity.flag(PROJECT, 'banner', booleanFlag), on('banner'));
    expect(await open(client).change(0)).toEqual({ banner: 'write' });
  });

  it('tells those who share a connection of everything', async () => {
    const here = await site();
    const client = connection(here);
    const [first, second] = [open(client), open(client)];
    await Promise.all([first.change(0), second.change(0)]);
    first.cancel();
    await openStreams(here, 1);
    expect(await open(client).change(0)).toEqual({ 'new-checkout': 'update' });
  });

  it('ends with UNAVAILABLE when the process stops, after a word: after OK Node’s client stays silent', async () => {
    const here = await site();
    const { inbox, change } = open(connection(here));
    await change(0);
    await here.evaluator.close();
    const error = await inbox.until(() => inbox.error);
    expect(error.status).toBe(grpc.status.UNAVAILABLE);
    expect(inbox.messages.at(-1)).toEqual({ type: 'provider_shutdown', data: {} });
  });
});
