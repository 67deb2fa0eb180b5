// A process full of thin clients, with one real SDK client among them, that does what it is asked and tells what it saw.

import { ClientSet } from '@flagstream/replica';
import { answerQuestions } from '../bench/answer-questions.ts';
import { connectLoad } from './connect-load.ts';
import type { Connects, Deliveries, FleetQuestion, LoadCounts, OpenClients } from './fleet-questions.ts';
import { Inbox } from './inbox.ts';
import { ConnectTally, LoadClient, type LoadClientOptions } from './load-client.ts';
import { machineMs } from './machine-clock.ts';
import { oneCopy } from './one-copy.ts';
import { SdkWitness } from './sdk-witness.ts';
import { unaryLoad } from './unary-load.ts';
import { WatchReader } from './watch-reader.ts';

const PACE_MS = 5;

const inbox = new Inbox();
const tally = new ConnectTally();
const nothing = oneCopy(ClientSet.empty());
const clients: LoadClient[] = [];
const watchers: WatchReader[] = [];
let witness: SdkWitness | undefined;
let pacing: NodeJS.Timeout | undefined;

answerQuestions<FleetQuestion>((question) => {
  switch (question.ask) {
    case 'open':
      return open(question);
    case 'open-watchers':
      for (let index = 0; index < question.count; index++)
        watchers.push(new WatchReader(question.endpoint, question.way));
      return undefined;
    case 'open-witness':
      witness = new SdkWitness(question.endpoints, question.way, question.instanceId);
      return witness.ready();
    case 'counts':
      return counts(question.revision);
    case 'deliveries':
      return deliveries(question.revision);
    case 'connects':
      return connects();
    case 'wrong-values':
      return witness?.wrongValues(question.revision, question.values);
    case 'freeze':
      return choose(question.count, (client) => client.freeze());
    case 'thaw':
      for (const client of clients) client.thaw();
      return undefined;
    case 'break':
      return choose(question.count, (client) => {
        client.broken = true;
      });
    case 'unary-load':
      return unaryLoad(question.options);
    case 'connect-load':
      return connectLoad(question.options, clientOptions(question));
    case 'close':
      return close();
  }
});

/** Goes on opening after the answer: whoever asked counts them meanwhile. */
function open(question: OpenClients): void {
  const { count, namePrefix, perSecond, seeded } = question;
  const startedMs = machineMs();
  const first = clients.length;
  const openDue = (): void => {
    const due = Math.min(count, Math.ceil(((machineMs() - startedMs) / 1_000) * perSecond) + 1);
    while (clients.length - first < due) {
      // As from a disk copy: what the first of them took in.
      const held = seeded ? clients[first]?.set : undefined;
      if (held !== undefined && held.position === undefined) return;
      clients.push(
        new LoadClient({
          ...clientOptions(question),
          ...(held === undefined ? {} : { held }),
          instanceId: `${namePrefix}-${clients.length}`,
        }),
      );
    }
    if (clients.length - first === count) clearInterval(pacing);
  };
  pacing = setInterval(openDue, PACE_MS);
  openDue();
}

function clientOptions({
  endpoints,
  way,
  startAtFirst,
  heartbeatMs,
}: Pick<OpenClients, 'endpoints' | 'way' | 'startAtFirst' | 'heartbeatMs'>): Omit<
  LoadClientOptions,
  'instanceId'
> {
  return { endpoints, way, startAtFirst, heartbeatMs, held: nothing, inbox, tally };
}

function counts(revision: number): LoadCounts {
  const count = (holds: (client: LoadClient) => boolean): number => clients.filter(holds).length;
  const sum = (of: (client: LoadClient) => number): number =>
    clients.reduce((total, client) => total + of(client), 0);
  return {
    clients: clients.length,
    current: count((client) => client.isCurrent(revision)),
    confirmed: count((client) => client.hasConfirmed(revision)),
    holding: count(({ heldBytes }) => heldBytes > 0),
    receivedBytes: sum(({ receivedBytes }) => receivedBytes),
    transfers: sum(({ transfers }) => transfers),
    regressions:
      sum(({ regressions }) => regressions) +
      watchers.reduce((total, { regressions }) => total + regressions, 0),
    losses: sum(({ losses }) => losses),
    watchersCurrent: watchers.filter((watcher) => (watcher.revision ?? -1) >= revision).length,
    watchersEnded: watchers.filter(({ endedBy }) => endedBy !== undefined).length,
    witnessCurrent: witness?.isCurrent(revision) ?? true,
  };
}

function deliveries(revision: number): Deliveries {
  const of = clients.flatMap(({ delivery }) => (delivery?.revision === revision ? delivery : []));
  return {
    receivedMs: of.map(({ receivedMs }) => receivedMs),
    confirmedMs: of.flatMap(({ confirmedMs }) => confirmedMs ?? []),
  };
}

function connects(): Connects {
  const { attemptMs, admittedMs, retryAfterMs, failures, drains } = tally;
  return { attemptMs, admittedMs, retryAfterMs, failures: Object.fromEntries(failures), drains };
}

/** Spread over all that there are. */
function choose(count: number, act: (client: LoadClient) => void): readonly string[] {
  const step = Math.max(1, Math.floor(clients.length / Math.max(1, count)));
  const chosen = clients.filter((_, index) => index % step === Math.floor(step / 2)).slice(0, count);
  for (const client of chosen) act(client);
  return chosen.map(({ instanceId }) => instanceId);
}

async function close(): Promise<void> {
  clearInterval(pacing);
  for (const watcher of watchers.splice(0)) watcher.close();
  await Promise.all(clients.splice(0).map((client) => client.close()));
  await witness?.close();
  witness = undefined;
}
