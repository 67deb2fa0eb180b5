// A key is revoked while many clients follow by it: how long until the last of their streams is closed, and whether
// the streams of other keys stay.

import { machineMs } from '../../load/machine-clock.ts';
import type { SuiteReport } from '../report.ts';
import { percentile } from '../statistics.ts';
import { Clients } from './clients.ts';
import type { MadeKey, SecuritySite } from './security-site.ts';
import type { Sizes } from './sizes.ts';

const FLAG_KEY = 'measured';
const OTHER_KEYS = 5;
const REVOKED = 'revoked';

interface Round {
  readonly answeredMs: number;
  /** Since the revocation was sent, of each stream. */
  readonly closedMs: readonly number[];
  /** Streams of other keys that were pushed a change afterwards. */
  readonly open: number;
}

export async function measureRevocation(site: SecuritySite, sizes: Sizes): Promise<SuiteReport> {
  const rounds = await revokeInRounds(site, sizes);
  const others = Math.min(...rounds.map(({ open }) => open));
  const row = (name: string, since: (round: Round) => number): Record<string, string | number> => {
    const closed = rounds.map((round) => round.closedMs.map((ms) => ms - since(round)));
    const last = closed.map((ms) => Math.max(...ms));
    return {
      name,
      p50: percentile(closed.flat(), 0.5),
      firstP50: percentile(
        closed.map((ms) => Math.min(...ms)),
        0.5,
      ),
      lastP50: percentile(last, 0.5),
      lastMax: Math.max(...last),
    };
  };
  return {
    name: 'revocation',
    title: 'A revoked key: until its Sync streams are closed',
    notes: [
      `${sizes.clients} SDK clients follow by one key, each over a connection of its own (TLS), in two processes; ${sizes.otherClients} more by ${OTHER_KEYS} other keys. ${rounds.length} rounds, each with a new key, on one evaluator that follows through NATS.`,
      'Closed: the client was told UNAUTHENTICATED; by the monotonic clock, which the processes of a machine share. A stream may be closed before the answer of RevokeKey is there, which reads as a time below 0.',
      `Other keys: after each revocation a flag is changed, and every stream that never ended and brings the change counts. The least of all rounds: ${others} of ${sizes.otherClients}.`,
    ],
    columns: [
      { key: 'name', title: 'milliseconds' },
      { key: 'firstP50', title: 'first stream closed, p50 of the rounds', digits: 1 },
      { key: 'p50', title: 'all streams of all rounds, p50', digits: 1 },
      { key: 'lastP50', title: 'last stream closed, p50 of the rounds', digits: 1 },
      { key: 'lastMax', title: 'at most', digits: 1 },
      { key: 'open', title: 'streams of other keys still open' },
    ],
    rows: [
      { ...row('since RevokeKey was answered', ({ answeredMs }) => answeredMs), open: others },
      { ...row('since RevokeKey was sent', () => 0), open: others },
    ],
  };
}

/** @throws Error when a stream of another key was lost */
async function revokeInRounds(site: SecuritySite, sizes: Sizes): Promise<readonly Round[]> {
  await site.admin.createBoolean(FLAG_KEY);
  const evaluator = await site.startEvaluator('TLS + key');
  const clients = new Clients();
  const open = async (group: string, count: number): Promise<MadeKey> => {
    const key = await site.createKey();
    await evaluator.follow(key.revision);
    await clients.open(group, count, evaluator.way(key.token));
    return key;
  };
  const others = Array.from({ length: OTHER_KEYS }, (_, index) => `other ${index}`);
  for (const [index, group] of others.entries())
    await open(group, Math.floor((sizes.otherClients + index) / OTHER_KEYS));

  const rounds: Round[] = [];
  for (let round = 0; round < sizes.revocationRounds; round++) {
    const key = await open(REVOKED, sizes.clients);
    const ended = clients.ends(REVOKED);
    const sentMs = machineMs();
    await site.revoke(key);
    const answeredMs = machineMs() - sentMs;
    const closedMs = (await ended).map((ms) => ms - sentMs);
    const { revision } = await site.admin.setEnabled(FLAG_KEY, round % 2 === 1);
    let still = 0;
    for (const group of others) still += await clients.following(group, revision);
    if (still !== sizes.otherClients)
      throw new Error(`of ${sizes.otherClients} streams of other keys ${still} are left`);
    rounds.push({ answeredMs, closedMs, open: still });
    await clients.closeGroup(REVOKED);
  }
  await clients.close();
  await evaluator.close();
  return rounds;
}
