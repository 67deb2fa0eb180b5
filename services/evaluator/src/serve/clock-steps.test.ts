import { LIMITS } from '@flagstream/protocol';
import type { WatchResponse } from '@flagstream/protocol/gen/flagstream/v1/evaluation';
import { describe, expect, it } from 'vitest';
import { scrape } from '../../../../test/support/scrape.ts';
import { type Inbox, type Started, SyncClient, start, TestClock, watch } from '../evaluator.fixture.ts';
import { booleanFlag, entity, type MemoryLog, serving, shopLog } from '../log.fixture.ts';

const HOUR_MS = 3_600_000;
/** The wheel looks at each stream within 2 s, and a slot later. */
const LOOKED_AT_MS = 2_300;

async function ready(log: MemoryLog, clock: TestClock): Promise<Started> {
  const started = await start(log, { now: clock.now, monotonicMs: clock.monotonicMs });
  await started.evaluator.ready();
  return started;
}

/** The nth event that is told from here on; an end of the stream is an error. */
async function event(inbox: Inbox<WatchResponse>, kind: string, nth = 0): Promise<WatchResponse> {
  return inbox.until(() => {
    if (inbox.error !== undefined) throw inbox.error;
    return inbox.messages.filter((message) => message.event?.$case === kind)[nth];
  });
}

const answers = ({ event: told }: WatchResponse): unknown =>
  told?.$case === 'changed' || told?.$case === 'initial'
    ? told.value.results.map(({ flagKey, value }) => [flagKey, value])
    : told;

describe('a wall clock that is set', () => {
  it.each([
    ['back', -HOUR_MS],
    ['forward', HOUR_MS],
  ])('%s neither stops the pings of Sync nor ends its streams', async (_, stepMs) => {
    const clock = new TestClock();
    const { target, evaluator } = await ready(shopLog(), clock);
    const client = new SyncClient(target, undefined, clock.monotonicMs);
    await client.at(3);
    // A word that comes after the step would hide what the step does.
    while ((await scrape(evaluator.managementPort, 'flagstream_stream_dirty{kind="sync"}')) > 0);
    clock.setBy(stepMs);
    const { inbox } = client.probe;
    for (let pings = 1; pings <= 3; pings++) {
      clock.advance(LIMITS.heartbeatMs * 1.2);
      await inbox.until(() => inbox.error ?? client.probe.frames.filter((f) => f.type === 'ping')[pings - 1]);
      expect(inbox.error).toBeUndefined();
    }
  });

  it('does not stop the heartbeats of Watch', async () => {
    const clock = new TestClock();
    const { client } = await ready(shopLog(), clock);
    const inbox = watch(client, { context: {}, heartbeatMs: 5_000 });
    await event(inbox, 'initial');
    for (const [nth, stepMs] of [-HOUR_MS, 2 * HOUR_MS].entries()) {
      clock.setBy(stepMs);
      clock.advance(5_001);
      await event(inbox, 'heartbeat', nth);
    }
  });

  it('moves a ramp, and moves it back, within a look of the wheel', async () => {
    const clock = new TestClock();
    const log = shopLog();
    const at = (ms: number): string => new Date(clock.nowMs + ms).toISOString();
    const steps = [
      { time: at(HOUR_MS), to: 0 },
      { time: at(2 * HOUR_MS), to: 100_000 },
    ];
    const rule = { id: 'ramp', condition: { gate: { ramp: { steps } } }, serve: { variant: 'off' } };
    log.commit(entity.config('default', 'development', 'new-checkout', { ...serving('on'), rules: [rule] }));
    const { client } = await ready(log, clock);
    const inbox = watch(client, { context: { targetingKey: 'u' }, heartbeatMs: LIMITS.heartbeatMsMax });
    expect(answers(await event(inbox, 'initial'))).toEqual([['new-checkout', true]]);
    clock.setBy(3 * HOUR_MS);
    clock.advance(LOOKED_AT_MS);
    expect(answers(await event(inbox, 'changed'))).toEqual([['new-checkout', false]]);
    clock.setBy(-3 * HOUR_MS);
    clock.advance(LOOKED_AT_MS);
    expect(answers(await event(inbox, 'changed', 1))).toEqual([['new-checkout', true]]);
  });
});

describe('a transition that passes while something is written', () => {
  it('is told with what was written', async () => {
    const clock = new TestClock();
    const log = shopLog();
    const window = { start: new Date(clock.nowMs + 3_000).toISOString() };
    const rule = { id: 'sale', window, serve: { variant: 'off' } };
    log.commit(
      entity.config('default', 'development', 'new-checkout', { ...serving('on'), rules: [rule] }),
      entity.flag('default', 'banner', booleanFlag),
    );
    const { client } = await ready(log, clock);
    const inbox = watch(client, { context: {} });
    await event(inbox, 'initial');
    clock.advance(3_001);
    log.commit(entity.config('default', 'development', 'banner', serving('on')));
    expect(answers(await event(inbox, 'changed'))).toEqual(
      expect.arrayContaining([
        ['new-checkout', false],
        ['banner', true],
      ]),
    );
  });
});
