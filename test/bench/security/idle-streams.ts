// What an idle Sync stream keeps of the evaluator's memory behind each door, in turns.

import type { Row, SuiteReport } from '../report.ts';
import type { Memory } from '../resting-memory.ts';
import { percentile } from '../statistics.ts';
import { Clients } from './clients.ts';
import { DOORS, type Door, type SecuritySite } from './security-site.ts';
import type { Sizes } from './sizes.ts';

const KIBIBYTE = 1_024;
const MEBIBYTE = 1_048_576;
const WARM_UP = 'warm-up';
const IDLE = 'idle';
/** Opened and closed before the first look: code that is loaded, and pools that are filled, once. */
const WARM_UP_CLIENTS = 10;

interface Look {
  readonly none: Memory;
  readonly all: Memory;
}

export async function measureIdleStreams(site: SecuritySite, sizes: Sizes): Promise<SuiteReport> {
  const looks = new Map<Door, Look[]>(DOORS.map((door) => [door, []]));
  for (let round = 0; round < sizes.memoryRounds; round++)
    for (const door of DOORS) looks.get(door)!.push(await look(site, door, sizes.clients));
  const perStream = (door: Door, of: keyof Memory): number[] =>
    looks.get(door)!.map(({ none, all }) => (all[of] - none[of]) / sizes.clients / KIBIBYTE);
  const plaintext = percentile(perStream('plaintext', 'rssBytes'), 0.5);
  return {
    name: 'idle-streams',
    title: 'Memory of an idle Sync stream behind each door',
    notes: [
      `Of an evaluator with ${sizes.clients} SDK clients, each over a connection of its own, less without any; both after forced collections, once RSS stays within 256 KiB. ${sizes.memoryRounds} rounds, the doors in turn, each with a new evaluator: RSS seldom shrinks again.`,
      'Heap: of JavaScript, and what it says it holds outside. OpenSSL’s own memory is in RSS alone.',
    ],
    columns: [
      { key: 'name', title: 'door' },
      { key: 'rssKiB', title: 'RSS per stream, KiB, median', digits: 1 },
      { key: 'rssMinKiB', title: 'min', digits: 1 },
      { key: 'rssMaxKiB', title: 'max', digits: 1 },
      { key: 'times', title: 'x plaintext', digits: 2 },
      { key: 'heapKiB', title: 'heap per stream, KiB, median', digits: 1 },
      { key: 'baseMiB', title: 'RSS without streams, MiB, median' },
    ],
    rows: DOORS.map((door): Row => {
      const rss = perStream(door, 'rssBytes');
      const base = looks.get(door)!.map(({ none }) => none.rssBytes / MEBIBYTE);
      return {
        name: door,
        rssKiB: percentile(rss, 0.5),
        rssMinKiB: Math.min(...rss),
        rssMaxKiB: Math.max(...rss),
        times: percentile(rss, 0.5) / plaintext,
        heapKiB: percentile(perStream(door, 'heapBytes'), 0.5),
        baseMiB: percentile(base, 0.5),
      };
    }),
  };
}

/** @throws Error when a stream was lost meanwhile: it would not have been counted */
async function look(site: SecuritySite, door: Door, count: number): Promise<Look> {
  const key = await site.createKey();
  const evaluator = await site.startEvaluator(door);
  await evaluator.follow(key.revision);
  const way = evaluator.way(door === 'TLS + key' ? key.token : undefined);
  const clients = new Clients();
  await clients.open(WARM_UP, WARM_UP_CLIENTS, way);
  await clients.closeGroup(WARM_UP);
  const none = await evaluator.memory();
  await clients.open(IDLE, count, way);
  const all = await evaluator.memory();
  const open = await clients.following(IDLE, 0);
  if (open !== count) throw new Error(`${open} of ${count} idle streams are open (${door})`);
  await clients.close();
  await evaluator.close();
  return { none, all };
}
