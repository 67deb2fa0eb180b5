// Rows of the failure table about NATS: away, poorer than it was, or misused.

import { until } from '../support/until.ts';
import { type FaultRow, must } from './fault-row.ts';
import { copyOf, removeFolder, replaceFolder } from './fault-site.ts';
import { asAdministrator, openBus, shippedSoFar } from './nats-view.ts';

/** Of one record that is there to fill the window. */
const BALLAST_BYTES = 60_000;
/** The smallest window that the settings allow: some thirteen ballast records. */
const SMALL_WINDOW = ['--nats-stream-bytes=786432'];
const RECORDS_BEYOND_WINDOW = 20;

export const natsDown: FaultRow = {
  row: 6,
  sentence:
    'NATS is down: writes go on, evaluators follow the control plane within seconds, and NATS again when it is back',
  async run({ site, workload, full, healed }) {
    await site.nats.stop('SIGKILL');
    await workload.moreWrites(10);
    await site.standOn('fallback');
    await site.converged(30_000);
    await workload.goesOnFor(full ? 60_000 : 0);
    await site.nats.restart();
    await healed();
    await shippedSoFar(site);
    await site.standOn('live');
    await workload.moreWrites(10);
  },
};

export const natsLosesNewest: FaultRow = {
  row: 7,
  sentence: 'NATS loses its newest records: they are shipped again at the same places, in the same epoch',
  async run({ site, workload, full, healed }) {
    const before = await site.head();
    let copy = '';
    await site.withNatsStopped((store) => {
      copy = copyOf(store);
    });
    await workload.moreWrites(full ? 200 : 20);
    await site.withNatsStopped((store) => replaceFolder(store, copy));
    await healed();
    await workload.moreWrites(5);
    must((await site.head()).epoch === before.epoch, 'no new epoch');
  },
};

export const natsLosesEverything: FaultRow = {
  row: 8,
  sentence: 'NATS loses everything: a new epoch begins from SQLite, and everybody moves to it',
  async run({ site, workload, healed }) {
    const before = await site.head();
    await site.withNatsStopped(removeFolder);
    await healed();
    await workload.moreWrites(5);
    await until(async () => (await site.head()).epoch === before.epoch + 1, {
      what: 'a new epoch',
      timeoutMs: 30_000,
    });
  },
};

export const natsFromOldBackup: FaultRow = {
  row: 9,
  sentence:
    'NATS is restored from a backup older than its window: a new epoch begins, no reader sees old content',
  site: { controlPlane: SMALL_WINDOW },
  async run({ site, workload, healed }) {
    const before = await site.head();
    let copy = '';
    await site.withNatsStopped((store) => {
      copy = copyOf(store);
    });
    await workload.ballast(RECORDS_BEYOND_WINDOW, BALLAST_BYTES);
    await shippedSoFar(site);
    await site.withNatsStopped((store) => replaceFolder(store, copy));
    await healed();
    await workload.moreWrites(5);
    await until(async () => (await site.head()).epoch === before.epoch + 1, {
      what: 'a new epoch',
      timeoutMs: 30_000,
    });
  },
};

export const acknowledgementLost: FaultRow = {
  row: 13,
  sentence: 'the acknowledgement of a publish is lost: the same bytes at the same place are a success',
  async run({ site, workload, full, healed }) {
    for (let round = 0; round < (full ? 5 : 1); round += 1) {
      const before = site.controlPlaneToNats.traffic.dropped;
      site.controlPlaneToNats.set({ kind: 'drop', direction: 'down' });
      await workload.moreWrites(5);
      await until(() => site.controlPlaneToNats.traffic.dropped > before, { what: 'a lost acknowledgement' });
      site.controlPlaneToNats.heal();
      await healed();
    }
  },
};

export const lateCopy: FaultRow = {
  row: 14,
  sentence:
    'a publish held by the network arrives after it was given up and shipped again: nothing is doubled',
  async run({ site, workload, healed }) {
    site.controlPlaneToNats.set({ kind: 'hold', direction: 'up' }, 'open');
    await workload.moreWrites(5);
    await until(() => site.controlPlaneToNats.traffic.held > 0, { what: 'a held publish' });
    await shippedSoFar(site);
    site.controlPlaneToNats.heal();
    await healed();
    await workload.moreWrites(5);
  },
};

export const duplicatePublish: FaultRow = {
  row: 15,
  sentence: 'a record is published once more: the place that was expected refuses it',
  async run({ site, workload, healed }) {
    await workload.moreWrites(5);
    const { epoch } = await shippedSoFar(site);
    const bus = await openBus(site);
    for (const seq of [1, 2, 3]) {
      const bytes = await bus.readRecord(epoch, seq);
      must(bytes !== undefined, `a record at ${seq}`);
      const { kind } = await bus.append(epoch, bytes, seq - 1);
      must(kind === 'conflict', `a conflict, not ${kind}`);
    }
    await bus.close();
    await healed();
  },
};

export const natsStoreFull: FaultRow = {
  row: 21,
  sentence: 'the store of NATS is full: writes and evaluation go on, and it is shipped when there is room',
  async run({ site, workload, full, healed }) {
    await site.withNatsStopped(() => site.limitNatsStore('64KB'));
    await workload.ballast(3, BALLAST_BYTES);
    await workload.moreWrites(full ? 100 : 10);
    await site.converged();
    const unshipped = await site.controlPlane.metric('flagstream_unshipped_records');
    must(unshipped > 0, 'a store that takes no more records');
    await site.withNatsStopped(() => site.limitNatsStore());
    await healed();
  },
};

export const staleCache: FaultRow = {
  row: 26,
  sentence: 'an evaluator returns whose copy on disk is older than the window: it takes a snapshot',
  site: { controlPlane: SMALL_WINDOW },
  async run({ site, workload, healed }) {
    const { node } = site.evaluators[0]!;
    await node.stop();
    await workload.ballast(RECORDS_BEYOND_WINDOW, BALLAST_BYTES);
    const recovered = healed();
    await node.start();
    await recovered;
    const taken = await node.metric('flagstream_log_recoveries_total{kind="snapshots"}');
    must(taken > 0, 'a snapshot to be taken');
  },
};

export const windowFull: FaultRow = {
  row: 27,
  sentence:
    'the window is full: the oldest records fall out, and an evaluator with nothing starts from the snapshot in NATS',
  site: { controlPlane: SMALL_WINDOW },
  async run({ site, workload, healed }) {
    await workload.ballast(RECORDS_BEYOND_WINDOW, BALLAST_BYTES);
    await site.converged();
    const { node, cacheDir, toControlPlane } = site.evaluators[0]!;
    await node.crash();
    removeFolder(cacheDir);
    toControlPlane.set({ kind: 'cut' });
    const recovered = healed();
    await node.start();
    await recovered;
    toControlPlane.heal();
  },
};

export const streamDeleted: FaultRow = {
  row: 28,
  sentence:
    'an administrator purges the stream, which is refused, and deletes it: a new epoch begins from SQLite',
  async run({ site, workload, healed }) {
    const before = await site.head();
    await asAdministrator(site, async (streams, streamName) => {
      const purged = await streams.purge(streamName(before.epoch)).catch((error: Error) => error.message);
      must(typeof purged === 'string', 'the purge to be refused');
      await streams.delete(streamName(before.epoch));
    });
    await healed();
    await workload.moreWrites(5);
    await until(async () => (await site.head()).epoch === before.epoch + 1, {
      what: 'a new epoch',
      timeoutMs: 30_000,
    });
  },
};
