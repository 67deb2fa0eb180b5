import { recordCodec } from '@flagstream/protocol';
import {
  type HeadBeacon,
  type LogListener,
  LogState,
  ORIGIN,
  type Position,
  type SourceStatus,
} from '@flagstream/replica';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { booleanFlag, PROJECT, Workbench } from '../workbench.fixture.ts';
import { HeadBeacons } from './head-beacons.ts';
import { LocalLogSource } from './local-log-source.ts';

/** Folds what it hears. */
class Listener implements LogListener {
  readonly state = new LogState(recordCodec);
  readonly statuses: SourceStatus[] = [];
  readonly heads: HeadBeacon[] = [];

  records(records: readonly Uint8Array[]): void {
    for (const bytes of records) {
      const outcome = this.state.apply(recordCodec.decodeRecord(bytes));
      if (outcome.kind !== 'applied') throw new Error(outcome.kind);
    }
  }

  head(beacon: HeadBeacon): void {
    this.heads.push(beacon);
  }

  status(status: SourceStatus): void {
    this.statuses.push(status);
  }
}

function open(bench: Workbench, after: Position): Listener {
  const beacons = new HeadBeacons({
    log: bench.log,
    natsPrefix: 'test',
    controlPlaneId: 'test',
    bootId: 'boot',
    random: () => 0.5,
  });
  const listener = new Listener();
  const subscription = new LocalLogSource(bench.log, beacons).open(after, listener);
  onTestFinished(async () => {
    beacons.close();
    await subscription.close();
  });
  return listener;
}

describe('LocalLogSource', () => {
  it('delivers what is there, then each commit, then the head', async () => {
    const bench = new Workbench();
    bench.apply(PROJECT);
    const listener = open(bench, ORIGIN);
    await vi.waitFor(() => expect(listener.state.position).toEqual(bench.head));
    for (let i = 0; i < 300; i++) bench.apply([booleanFlag('a', { description: `${i}` })]);
    // Nothing is delivered inside a commit.
    expect(listener.state.position.revision).toBeLessThan(bench.head.revision);
    await vi.waitFor(() => expect(listener.heads.at(-1)?.headRevision).toBe(bench.head.revision));
    expect(listener.state.position).toEqual(bench.head);
    expect(Buffer.from(listener.state.digest)).toEqual(Buffer.from(bench.store.stateDigest()));
    expect(listener.statuses).toEqual([{ kind: 'live' }]);
  });

  it('sends a follower of another log to a snapshot', async () => {
    const bench = new Workbench();
    bench.apply(PROJECT);
    const listener = open(bench, { ...bench.head, hash: new Uint8Array(32) });
    await vi.waitFor(() => expect(listener.statuses).toHaveLength(1));
    bench.apply([booleanFlag('a')]);
    await new Promise((resolve) => setImmediate(resolve));
    expect(listener.statuses).toEqual([expect.objectContaining({ kind: 'behind', firstRevision: 1 })]);
    expect(listener.state.position).toEqual(ORIGIN);
  });

  it('is silent once closed', async () => {
    const bench = new Workbench();
    bench.apply(PROJECT);
    const beacons = new HeadBeacons({
      log: bench.log,
      natsPrefix: 'test',
      controlPlaneId: 'test',
      bootId: 'boot',
      random: () => 0.5,
    });
    onTestFinished(() => beacons.close());
    const listener = new Listener();
    const subscription = new LocalLogSource(bench.log, beacons).open(ORIGIN, listener);
    await subscription.close();
    bench.apply([booleanFlag('a')]);
    await new Promise((resolve) => setImmediate(resolve));
    expect(listener.state.position).toEqual(ORIGIN);
    expect(listener.statuses).toEqual([]);
  });
});

describe('HeadBeacons', () => {
  it('tell each commit at once, and nothing while writes are refused', () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const bench = new Workbench();
    const beacons = new HeadBeacons({
      log: bench.log,
      natsPrefix: 'my-shop',
      controlPlaneId: 'node-1',
      bootId: 'boot',
      random: () => 0.5,
    });
    onTestFinished(() => beacons.close());
    const heard: HeadBeacon[] = [];
    beacons.onBeacon((beacon) => heard.push(beacon));
    bench.apply(PROJECT);
    expect(heard).toEqual([
      expect.objectContaining({
        headRevision: 2,
        stream: 'MY_SHOP_LOG_E1',
        baseRevision: 0,
        controlPlaneId: 'node-1',
        bootId: 'boot',
      }),
    ]);
    vi.advanceTimersByTime(3500);
    expect(heard).toHaveLength(4);
    bench.log.refuseWrites('another writer');
    vi.advanceTimersByTime(3500);
    expect(heard).toHaveLength(4);
  });
});
