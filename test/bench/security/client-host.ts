// SDK clients in a process of their own: when the evaluator closed their streams, and who still follows.

import { type ClientOptions, createClient, type FlagstreamClient } from '@flagstream/client';
import { machineMs } from '../../load/machine-clock.ts';
import { until } from '../../support/until.ts';
import { answerQuestions } from '../answer-questions.ts';

/** How clients reach an evaluator. */
export interface Way {
  readonly port: number;
  /** PEM; absent: plaintext. */
  readonly authority?: string;
  readonly apiKey?: string;
}

/** Clients are asked by the name of their group. */
export type ClientQuestion =
  | { readonly ask: 'open'; readonly group: string; readonly count: number; readonly way: Way }
  /** Answers when all of the group were told that their key is no longer good: when, one by one (machineMs). */
  | { readonly ask: 'ends'; readonly group: string }
  /** Answers how many of the group never lost their streams and came to the revision. */
  | { readonly ask: 'following'; readonly group: string; readonly revision: number }
  | { readonly ask: 'close'; readonly group: string };

interface Member {
  readonly client: FlagstreamClient;
  /** Why the stream was lost, once it had been live. */
  lostBy: string | undefined;
  refusedMs: number | undefined;
}

/** Handshakes at once: all of them would run into the time that one may take. */
const OPENING_AT_ONCE = 25;
const OPEN_MAX_MS = 60_000;
const ENDS_MAX_MS = 60_000;
const FOLLOW_MAX_MS = 10_000;

const groups = new Map<string, Member[]>();

answerQuestions<ClientQuestion>((question) => {
  switch (question.ask) {
    case 'open':
      return open(question.group, question.count, question.way);
    case 'ends':
      return ends(membersOf(question.group));
    case 'following':
      return following(membersOf(question.group), question.revision);
    case 'close':
      return close(question.group);
  }
});

async function open(group: string, count: number, { port, authority, apiKey }: Way): Promise<void> {
  const options: ClientOptions = {
    target: `127.0.0.1:${port}`,
    ...(authority === undefined ? {} : { tls: { rootCertificates: Buffer.from(authority) } }),
    ...(apiKey === undefined ? {} : { apiKey }),
  };
  const members: Member[] = [];
  groups.set(group, members);
  while (members.length < count) {
    const size = Math.min(OPENING_AT_ONCE, count - members.length);
    const next = Array.from({ length: size }, () => watched(createClient(options)));
    members.push(...next);
    await Promise.all(next.map(({ client }) => client.waitForReady(OPEN_MAX_MS)));
  }
  const lost = members.flatMap(({ lostBy }) => lostBy ?? []);
  if (lost.length > 0)
    throw new Error(`${lost.length} of ${count} clients lost their streams at once: ${lost[0]}`);
}

function watched(client: FlagstreamClient): Member {
  const member: Member = { client, lostBy: undefined, refusedMs: undefined };
  let wasLive = false;
  client.on('live', () => {
    wasLive = true;
  });
  // On a busy machine the first attempt may have been too slow: nothing was lost by it.
  client.on('reconnecting', ({ reason }) => {
    if (wasLive) member.lostBy ??= reason;
  });
  client.on('error', ({ error }) => {
    if (error.reason === 'UNAUTHENTICATED') member.refusedMs ??= machineMs();
  });
  return member;
}

async function ends(members: readonly Member[]): Promise<readonly number[]> {
  await until(() => members.every(({ refusedMs }) => refusedMs !== undefined), {
    what: 'the end of every stream of the key',
    timeoutMs: ENDS_MAX_MS,
  });
  return members.map(({ refusedMs }) => refusedMs!);
}

async function following(members: readonly Member[], revision: number): Promise<number> {
  const follows = ({ client, lostBy }: Member): boolean => {
    const { state, position } = client.status();
    return lostBy === undefined && state === 'live' && (position?.revision ?? 0) >= revision;
  };
  const all = (): boolean => members.every((member) => member.lostBy !== undefined || follows(member));
  await until(all, { what: `the clients of other keys at revision ${revision}`, timeoutMs: FOLLOW_MAX_MS });
  return members.filter(follows).length;
}

async function close(group: string): Promise<void> {
  await Promise.all(membersOf(group).map(({ client }) => client.close()));
  groups.delete(group);
}

function membersOf(group: string): readonly Member[] {
  const members = groups.get(group);
  if (members === undefined) throw new Error(`there are no clients ${group}`);
  return members;
}
