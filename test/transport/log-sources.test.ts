// The transport contract: what every source of the log promises a follower, whichever way the log comes.

import { recordCodec } from '@flagstream/protocol';
import { formatPosition, type LogRecord, type LogSource } from '@flagstream/replica';
import { beforeAll, describe, expect, it } from 'vitest';
import { requiresNats } from '../support/requires-nats.ts';
import { until } from '../support/until.ts';
import { HeardLog } from './heard-log.ts';
import { Transports } from './transports.ts';

/** More than any source delivers at once: by number over JetStream, by bytes the other ways. */
const CHANGES = 80;
const LARGE = 'x'.repeat(4_000);

const WAYS: readonly (readonly [string, (of: Transports) => LogSource | Promise<LogSource>])[] = [
  ['in process', (of) => of.inProcess()],
  ['JetStream', (of) => of.jetStream()],
  ['WatchLog', (of) => of.watchLog()],
];

async function write(to: Transports, count: number): Promise<void> {
  for (let i = 0; i < count; i++) await to.admin.setEnabled('a', i % 2 === 1);
}

/** Waits until the follower is where the control plane is. */
async function caughtUp(heard: HeardLog, of: Transports): Promise<void> {
  await until(() => heard.revision === of.running.head().revision, { what: 'the newest revision' });
  expect(formatPosition(heard.state.position)).toBe(formatPosition(of.running.head()));
  expect(Buffer.from(heard.state.position.hash)).toEqual(Buffer.from(of.running.head().hash));
}

requiresNats().describe('a source of the log', () => {
  let transports: Transports;
  /** The log so far, from its first record. */
  let log: LogRecord[];

  beforeAll(async () => {
    transports = await Transports.start();
    await transports.admin.createBoolean('a');
    for (let i = 0; i < CHANGES; i++) await transports.admin.describe('a', `${LARGE}${i}`);
    const all = new HeardLog();
    all.open(transports.inProcess());
    await caughtUp(all, transports);
    await all.close();
    log = [...all.bytes.values()].map((bytes) => recordCodec.decodeRecord(Buffer.from(bytes, 'hex')));
  });

  it('delivers the same bytes whichever way', async () => {
    const heard = await Promise.all(
      WAYS.map(async ([, way]) => {
        const follower = new HeardLog();
        follower.open(await way(transports));
        await caughtUp(follower, transports);
        return [...follower.bytes];
      }),
    );
    expect(heard[0]?.map(([revision]) => revision)).toEqual(log.map(({ revision }) => revision));
    expect(heard[1]).toEqual(heard[0]);
    expect(heard[2]).toEqual(heard[0]);
  });

  describe.each(WAYS)('%s', (_, way) => {
    let source: LogSource;
    beforeAll(async () => {
      source = await way(transports);
    });

    it('delivers the log in order from its beginning, nothing missing, then what comes', async () => {
      const heard = new HeardLog();
      heard.open(source);
      await caughtUp(heard, transports);
      await write(transports, 3);
      await caughtUp(heard, transports);
      expect(new Set(heard.outcomes)).toEqual(new Set(['applied']));
      expect(heard.statuses).toEqual(['live']);
    });

    it('continues after a position; what it repeats is the same', async () => {
      const heard = new HeardLog(log.slice(0, 50));
      heard.open(source);
      await caughtUp(heard, transports);
      expect(heard.outcomes.filter((kind) => kind !== 'duplicate' && kind !== 'applied')).toEqual([]);
      expect(heard.changed).toEqual([]);
      expect(Math.min(...heard.bytes.keys())).toBeGreaterThanOrEqual(50);
    });

    it('says nothing of records to a follower that has them all, until there is one', async () => {
      const heard = new HeardLog();
      heard.open(source);
      await caughtUp(heard, transports);
      await heard.close();
      const known = heard.bytes.size;
      heard.open(source);
      await until(() => heard.heads.at(-1)?.headRevision === heard.revision, { what: 'the head' });
      await write(transports, 1);
      await caughtUp(heard, transports);
      expect(heard.bytes.size).toBe(known + 1);
      expect(heard.outcomes.filter((kind) => kind === 'applied')).toHaveLength(known + 1);
    });

    it('tells the head: revision, hash and state digest of what it has delivered', async () => {
      const heard = new HeardLog();
      heard.open(source);
      await caughtUp(heard, transports);
      const head = await until(
        () => heard.heads.find(({ headRevision }) => headRevision === heard.revision),
        {
          what: 'the head',
        },
      );
      expect(head).toMatchObject({ epoch: 1, headRevision: heard.revision, baseRevision: 0 });
      expect(Buffer.from(head.headHash)).toEqual(Buffer.from(heard.state.position.hash));
      expect(Buffer.from(head.stateDigest)).toEqual(Buffer.from(heard.state.digest));
    });

    it('never continues from a position that is not on the lineage: a snapshot is needed', async () => {
      const forked = log.slice(0, 50);
      const { epoch, revision, prevHash } = forked.at(-1)!;
      const stranger = recordCodec.encodeRecord({ ...forked.at(-1)!, comment: 'another change' });
      expect({ epoch, revision, prevHash }).toEqual({
        epoch: stranger.epoch,
        revision: stranger.revision,
        prevHash: stranger.prevHash,
      });
      const heard = new HeardLog([...forked.slice(0, -1), stranger]);
      heard.open(source);
      await until(() => heard.statuses.includes('behind') || heard.outcomes.includes('diverged'), {
        what: 'the fork to be told',
      });
      expect(heard.outcomes).not.toContain('applied');
    });

    it('goes on where a follower left', async () => {
      const heard = new HeardLog();
      heard.open(source);
      await until(() => heard.revision > 0, { what: 'the first records' });
      await heard.close();
      await write(transports, 2);
      heard.open(source);
      await caughtUp(heard, transports);
      expect(heard.outcomes.filter((kind) => kind !== 'duplicate' && kind !== 'applied')).toEqual([]);
    });

    it('says nothing after it was closed', async () => {
      const [closed, open] = [new HeardLog(), new HeardLog()];
      closed.open(source);
      open.open(source);
      await Promise.all([caughtUp(closed, transports), caughtUp(open, transports)]);
      await closed.close();
      const { words } = closed;
      await write(transports, 2);
      await caughtUp(open, transports);
      await until(() => open.heads.at(-1)?.headRevision === open.revision, { what: 'the head' });
      expect(closed.words).toBe(words);
    });

    it('can be closed at once', async () => {
      const heard = new HeardLog();
      heard.open(source);
      await heard.close();
      const { words } = heard;
      await write(transports, 1);
      const open = new HeardLog();
      open.open(source);
      await caughtUp(open, transports);
      expect(heard.words).toBe(words);
    });
  });
});

requiresNats('2.9.0', { ownServer: true }).describe('a source of the log whose server is restarted', () => {
  it.each([
    ['JetStream', (of: Transports) => of.jetStream(), (of: Transports) => of.nats.restart()],
    ['WatchLog', (of: Transports) => of.watchLog(), (of: Transports) => of.restartControlPlane()],
  ])('%s says down, then goes on, nothing missing', async (_, way, restart) => {
    const transports = await Transports.start();
    await transports.admin.createBoolean('a');
    const heard = new HeardLog();
    heard.open(await way(transports));
    await caughtUp(heard, transports);
    await restart(transports);
    await until(() => heard.statuses.includes('down') && heard.statuses.at(-1) === 'live', {
      what: 'the source to be live again',
    });
    await until(() => write(transports, 5).then(() => true), { what: 'five more changes' });
    await caughtUp(heard, transports);
    expect(heard.outcomes.filter((kind) => kind !== 'duplicate' && kind !== 'applied')).toEqual([]);
    expect(heard.changed).toEqual([]);
  });
});
