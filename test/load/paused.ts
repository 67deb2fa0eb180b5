// Clients whose sockets are not read at all, of Sync and of Watch: they cost the evaluator nothing per change, and the
// others do not wait for them.

import { percentile } from '../bench/statistics.ts';
import { LoadFleet } from './load-fleet.ts';
import { LoadSite } from './load-site.ts';
import { connectMaxMs } from './push.ts';
import { Findings, type ScenarioResult } from './scenario.ts';

export interface PausedOptions {
  /** Half of them by Sync, half by Watch. */
  readonly paused: number;
  readonly readers: number;
  readonly changes: number;
  readonly perSecond: number;
}

/** Changes of which each reader's receipt is looked at, before the pause and four times in its course. */
const SAMPLES_MAX = 40;
const LOOKS = 4;
/** So long that a paused stream is not called silent within the run. */
const HEARTBEAT_MS = 60_000;
/** What a busy evaluator's heap moves by; a queue of each change would be hundreds of bytes per reader and change. */
const GROWTH_MAX_MIB = 64;
const DELAY_TIMES_AIM = 1.5;
const MEBIBYTE = 2 ** 20;

export async function runPaused(options: PausedOptions): Promise<ScenarioResult> {
  const { paused, readers, changes, perSecond } = options;
  const found = new Findings();
  const site = await LoadSite.start({ evaluators: 1 });
  const { endpoints } = site;
  const [reading, pausing] = [new LoadFleet('readers', readers), new LoadFleet('paused', paused)];
  const way = {
    endpoints,
    way: {},
    startAtFirst: false,
    heartbeatMs: HEARTBEAT_MS,
    seeded: false,
    perSecond,
  };
  const syncs = Math.ceil(paused / 2);
  await reading.openWitnesses(endpoints, {});
  await reading.open({ ...way, count: readers, namePrefix: 'reader' });
  await pausing.open({ ...way, count: syncs, namePrefix: 'paused' });
  await pausing.openWatchers(paused - syncs, endpoints[0]!, {});
  let { revision } = await site.change();
  await reading.untilCurrent(revision, connectMaxMs(readers, perSecond));
  await pausing.untilCurrent(revision, connectMaxMs(paused, perSecond));
  await pausing.untilCounted(revision, ({ watchersCurrent }) => watchersCurrent === paused - syncs, {
    what: 'the watchers to have begun',
    timeoutMs: 60_000,
  });

  const samples = Math.min(SAMPLES_MAX, Math.ceil(changes / LOOKS / 2));
  const unwatched = async (): Promise<void> => {
    for (let turn = samples; turn < changes / LOOKS; turn++) await site.switch();
  };
  // As many as come later: a heap that has not been used yet grows by itself.
  for (let look = 0; look < LOOKS; look++) await unwatched();
  const before = await receipts(site, reading, readers, samples);
  const settledBytes = site.rssBytes();
  const { transfers } = await pausing.counts(0);
  pausing.pause();
  let peakBytes = 0;
  const after: number[] = [];
  for (let look = 0; look < LOOKS; look++) {
    await unwatched();
    after.push(...(await receipts(site, reading, readers, samples)));
    peakBytes = Math.max(peakBytes, site.rssBytes());
  }
  const growthMib = (peakBytes - settledBytes) / MEBIBYTE;
  pausing.resume();

  ({ revision } = await site.change());
  const late = await pausing.untilCounted(
    revision,
    ({ current, watchersCurrent, watchersEnded }) =>
      current === syncs && watchersCurrent + watchersEnded >= paused - syncs,
    { what: 'those that were paused to have the newest', timeoutMs: 60_000 },
  );
  const others = await reading.untilCurrent(revision, 60_000);
  const wrong = await reading.wrongValues(revision, site.values);
  found.promise(growthMib <= GROWTH_MAX_MIB, `the evaluator grew by ${growthMib.toFixed(0)} MiB`);
  found.promise(others.losses === 0, `${others.losses} readers lost their streams`);
  found.promise(wrong.length === 0, `an SDK client evaluates ${wrong.join(', ')} wrongly`);
  found.promise(late.regressions + others.regressions === 0, 'a client went back to an older revision');

  const times = (share: number): number => percentile(after, share) / percentile(before, share);
  found.figure('sockets that nobody reads', `${syncs} of Sync, ${paused - syncs} of Watch`);
  found.figure('changes meanwhile', changes);
  found.figure('growth of the evaluator’s RSS at most, MiB', growthMib);
  found.figure(
    `commit to receipt of ${readers} others, ms p50 / p99: nobody paused`,
    `${percentile(before, 0.5).toFixed(1)} / ${percentile(before, 0.99).toFixed(1)}`,
  );
  found.figure(
    'with those that are',
    `${percentile(after, 0.5).toFixed(1)} / ${percentile(after, 0.99).toFixed(1)}`,
  );
  found.figure(
    'transfers that each paused Sync stream took since, the newest among them',
    ((late.transfers - transfers) / syncs).toFixed(1),
  );
  found.figure('Watch streams that were cut off meanwhile', late.watchersEnded);
  found.aim('receipt by others, paused against not, p50', times(0.5), DELAY_TIMES_AIM, 'times');
  await Promise.all([reading.close(), pausing.close()]);
  return found.result('paused', `${paused.toLocaleString('en-US')} clients that read nothing`);
}

/** Of some changes, one after the other: milliseconds from the commit to each reader. */
async function receipts(
  site: LoadSite,
  fleet: LoadFleet,
  readers: number,
  samples: number,
): Promise<readonly number[]> {
  const times: number[] = [];
  for (let turn = 0; turn < samples; turn++) {
    const { revision, committedMs } = await site.change();
    await fleet.untilCounted(revision, ({ confirmed }) => confirmed === readers, {
      what: `${readers} readers to confirm revision ${revision}`,
      timeoutMs: 30_000,
    });
    const { receivedMs } = await fleet.deliveries(revision);
    times.push(...receivedMs.map((ms) => ms - committedMs));
  }
  return times;
}
