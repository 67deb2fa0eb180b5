// Random keys make random calls of every method while everything changes: nothing that one is told holds the mark of
// what is out of its reach, and whether something is there out of reach cannot be told from the answer.
// By hand with more cases: FLAGSTREAM_ISOLATION_CASES=20000 FLAGSTREAM_ISOLATION_SEED=7.

import process from 'node:process';
import { type DescMethod, fromBinary, type JsonValue, toJson } from '@bufbuild/protobuf';
import { fromServiceError } from '@flagstream/protocol';
import { WatchRequest } from '@flagstream/protocol/gen/flagstream/v1/evaluation';
import { WatchLogRequest } from '@flagstream/protocol/gen/flagstream/v1/log';
import { SyncRequest, SyncResponse } from '@flagstream/protocol/gen/flagstream/v1/stream';
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { contractMethods, methodPath } from '../fuzz/message-bytes.ts';
import { Random } from '../sim/world/random.ts';
import { hold } from '../support/resources.ts';
import { until } from '../support/until.ts';
import { KeyedSite } from './keyed-site.ts';
import { drawRequest, ENDING, requestBytes } from './marked-requests.ts';
import { type Holder, MarkedWorld } from './marked-world.ts';
import { ghostOf, MARK, saidOfEither } from './marks.ts';
import { everythingTold, type RawAnswer, RawClient, type RawMethod } from './raw-call.ts';

/** As a word of its own: the id of a key in an environment does not follow a quotation mark. */
const KEY_OF_NO_PROJECT = /(?<=")keys\/[0-9a-z]{16}(?=")/g;
const CASES = Number(process.env['FLAGSTREAM_ISOLATION_CASES'] ?? 400);
const SEED = Number(process.env['FLAGSTREAM_ISOLATION_SEED'] ?? 20_261_126);

const OF_EVALUATOR = /Evaluation|Stream|^(flagd\.evaluation|schema)\./;
/** It would end all streams, and with them the rest of the cases. */
const SPARED = /ReseedLog$/;
const METHODS = contractMethods().filter((method) => !SPARED.test(method.name));
/** What each kind of key is for: most calls are of these. */
const USUAL: Readonly<Record<Holder['kind'], RegExp>> = {
  nobody: /./,
  client: /Evaluation|^(flagd|schema)\./,
  server: /Evaluation|Stream|^(flagd|schema)\./,
  admin: /Admin|History|Evaluation|^(flagd|schema)\./,
  node: /Log/,
};
const USUALLY = 0.8;
/** Of all calls: ends of projects, environments and keys are told to many. */
const ENDING_CALLS = 0.15;

let site: KeyedSite;
let world: MarkedWorld;
/** How calls that end something came out, by method. */
const endings = new Map<string, Set<string>>();
let clients: Readonly<Record<'control plane' | 'evaluator', RawClient>>;
const pageTokens: string[] = [];
const open: { readonly holder: Holder; readonly what: string; readonly answer: RawAnswer }[] = [];

const rawMethod = (method: DescMethod): RawMethod => ({
  path: methodPath(method),
  requestStream: method.methodKind === 'client_streaming' || method.methodKind === 'bidi_streaming',
  responseStream: method.methodKind === 'server_streaming' || method.methodKind === 'bidi_streaming',
});

const streamOf = (service: string, name: string): RawMethod => {
  const bidi = name === 'Sync';
  return { path: `/flagstream.v1.${service}/${name}`, requestStream: bidi, responseStream: true };
};

/** It names flags that change, also those that are gone. */
const FLAGD_EVENTS: RawMethod = {
  path: '/flagd.evaluation.v1.Service/EventStream',
  requestStream: false,
  responseStream: true,
};

const hello = (fields: object = {}): Uint8Array =>
  SyncRequest.encode(
    SyncRequest.fromPartial({
      frame: {
        $case: 'hello',
        value: { protoMin: 1, protoMax: 1, instanceId: 'i', heartbeatMs: 10_000, ...fields },
      },
    }),
  ).finish();

beforeAll(async () => {
  site = await KeyedSite.start();
  world = await MarkedWorld.build(site, new Random(SEED));
  await site.followed();
  clients = {
    'control plane': new RawClient(site.controlPlane.grpcPort),
    evaluator: new RawClient(site.evaluator.grpcPort),
  };
  for (const client of Object.values(clients))
    hold({ what: 'a raw client', release: () => client.close(), releaseNow: () => undefined });
  const watch = (request: object): Uint8Array =>
    WatchRequest.encode(WatchRequest.fromPartial(request)).finish();
  for (const holder of world.holders) {
    const openOne = (door: keyof typeof clients, method: RawMethod, message: Uint8Array): void => {
      const { path } = method;
      open.push({ holder, what: path, answer: clients[door].open(method, holder.headers, message) });
    };
    openOne('evaluator', streamOf('StreamService', 'Sync'), hello());
    openOne('evaluator', streamOf('EvaluationService', 'Watch'), watch({}));
    openOne('evaluator', FLAGD_EVENTS, new Uint8Array(0));
    openOne(
      'evaluator',
      streamOf('EvaluationService', 'Watch'),
      watch({ context: { targetingKey: 'user-2' } }),
    );
    openOne(
      'control plane',
      streamOf('LogService', 'WatchLog'),
      WatchLogRequest.encode({ after: undefined }).finish(),
    );
  }
});

/** Marks that somebody was told and may not know, beyond what stood in its own request. */
function foreignMarks(holder: Holder, method: string, told: string, said: string): string[] {
  return [...new Set(told.match(MARK) ?? [])].filter(
    (mark) => !holder.mayRead(mark, method) && !said.includes(mark),
  );
}

/** What a request says, with the page tokens in it opened. */
const saidIn = (json: JsonValue): string => JSON.stringify(json);

function keepPageToken(method: DescMethod, { messages: [bytes] }: RawAnswer): void {
  if (bytes === undefined || method.methodKind !== 'unary') return;
  const { nextPageToken } = toJson(method.output, fromBinary(method.output, bytes)) as {
    nextPageToken?: string;
  };
  if (nextPageToken !== undefined) pageTokens.push(nextPageToken);
}

/** An answer without what differs between any two calls. */
function essence(method: DescMethod, { messages, error }: RawAnswer): string {
  if (error !== undefined) {
    const { reason, message, metadata, fields } = fromServiceError(error);
    const { stalenessMs: _, ...kept } = metadata;
    return JSON.stringify([reason, message, kept, fields]);
  }
  return JSON.stringify(
    messages.map((bytes) => {
      const json = toJson(method.output, fromBinary(method.output, bytes)) as Record<string, unknown>;
      delete json['freshness'];
      return json;
    }),
  );
}

interface Case {
  readonly holder: number;
  readonly method: number;
  readonly seed: number;
  readonly changes: boolean;
}

async function run({ holder: h, method: m, seed, changes }: Case): Promise<void> {
  const random = new Random(seed);
  const isEnding = random.chance(ENDING_CALLS);
  // Few may end anything: half of these calls are theirs.
  const callers =
    isEnding && random.chance(0.5) ? world.holders.filter(({ mayEnd }) => mayEnd) : world.holders;
  const holder = callers[h % callers.length]!;
  const usual = METHODS.filter(({ parent }) => USUAL[holder.kind].test(parent.typeName));
  const methods = isEnding
    ? METHODS.filter(({ name }) => ENDING.test(name))
    : random.chance(USUALLY)
      ? usual
      : METHODS;
  const method = methods[m % methods.length]!;
  if (changes) await world.change();
  const { revision: head, epoch } = site.controlPlane.head();
  const { json, bytes } = drawRequest(random, method, world, holder, { head, epoch, pageTokens });
  const isEvaluator =
    OF_EVALUATOR.test(method.parent.typeName) ||
    (!/flagstream/.test(method.parent.typeName) && random.chance(0.5));
  const client = clients[isEvaluator ? 'evaluator' : 'control plane'];
  const headers = { ...holder.headers };
  if (isEvaluator && random.chance(0.4)) {
    const [, project, , environment] = world.environment(random.pick(world.spots)).split('/') as string[];
    headers['flagstream-project'] = project!;
    headers['flagstream-environment'] = environment!;
  }
  if (isEvaluator && random.chance(0.3)) {
    const [, project, , environment] = world.environment(random.pick(world.spots)).split('/') as string[];
    headers['flagd-selector'] = `flagSetId=${project}/${environment}`;
  }
  const raw = rawMethod(method);
  const isSync = method.name === 'Sync';
  const message = isSync
    ? hello({ filter: json['filter'], have: random.pick([undefined, haveOf(random)]) })
    : bytes;
  const enough = isSync ? transferIsThere : undefined;
  const answer = await client.call(raw, headers, message, enough);
  const said = `${saidIn(json)} ${JSON.stringify(headers)}`;
  expect(
    foreignMarks(holder, raw.path, everythingTold(answer), said),
    `${holder.what}: ${raw.path} ${said}`,
  ).toEqual([]);
  if (ENDING.test(method.name)) keepEnding(method, answer, json['validateOnly'] === true);
  keepPageToken(method, answer);
  if (raw.responseStream) return;

  // Of what is out of reach nobody is told whether it is there.
  const foreign = (said.match(MARK) ?? []).filter((mark) => !holder.mayRead(mark, raw.path));
  // Keys of no project are the owner's alone.
  if (holder.what !== 'owner') foreign.push(...(said.match(KEY_OF_NO_PROJECT) ?? []));
  if (foreign.length === 0 || holder.what === 'no key') return;
  const ghosted = foreign.reduce(
    (text, mark) => text.replaceAll(mark, ghostOf(mark)),
    JSON.stringify({ json, headers }),
  );
  const twin = JSON.parse(ghosted) as { json: JsonValue; headers: Record<string, string> };
  const ghost = await client.call(raw, twin.headers, requestBytes(method, twin.json));
  const saidOfGhost = saidOfEither(essence(method, ghost));
  let saidOfOne = saidOfEither(essence(method, answer));
  // An evaluator may have followed a change between the two, the end of this key say: then it says of either what it
  // says now. Its calls change nothing, so that it can be asked again.
  if (isEvaluator && saidOfOne !== saidOfGhost)
    saidOfOne = saidOfEither(essence(method, await client.call(raw, headers, message)));
  expect(saidOfGhost, `${holder.what}: ${raw.path} ${said}`).toBe(saidOfOne);
}

function keepEnding({ name }: DescMethod, { error }: RawAnswer, isTrial: boolean): void {
  const outcome = error === undefined ? (isTrial ? 'could' : 'did') : String(fromServiceError(error).reason);
  endings.set(name, (endings.get(name) ?? new Set()).add(outcome));
}

/** A client that says it holds an earlier state, of whichever environment. */
function haveOf(random: Random): object | undefined {
  const commits = open.flatMap(({ what, answer }) =>
    what.endsWith('/Sync')
      ? answer.messages.flatMap((bytes) => {
          const { frame } = SyncResponse.decode(bytes);
          if (frame?.$case === 'commit') return [frame.value];
          return frame?.$case === 'update' && frame.value.commit !== undefined ? [frame.value.commit] : [];
        })
      : [],
  );
  if (commits.length === 0) return undefined;
  const { to: rev, digestHi, digestLo } = random.pick(commits);
  return { rev, digestHi, digestLo };
}

function transferIsThere(messages: readonly Buffer[]): boolean {
  return messages.some((bytes) => {
    const { frame } = SyncResponse.decode(bytes);
    return (
      frame?.$case === 'commit' || frame?.$case === 'update' || frame?.$case === 'error' || isUpToDate(frame)
    );
  });
}

function isUpToDate(frame: SyncResponse['frame']): boolean {
  return frame?.$case === 'welcome' && frame.value.intent === 1;
}

test(`in ${CASES} calls nobody is told of what is out of its reach`, async () => {
  const oneCase = fc.record({
    holder: fc.nat(10_000),
    method: fc.nat(10_000),
    seed: fc.nat(),
    changes: fc.boolean(),
  });
  await fc.assert(fc.asyncProperty(oneCase, run), { numRuns: CASES, seed: SEED, endOnFailure: true });
  await world.passing.archiveProjects();
  await site.followed();
  // Each kind of end was reached for by some who may, and by some who may not.
  expect(endings.size).toBe(4);
  for (const [method, outcomes] of endings) {
    expect(outcomes, method).toContain('PERMISSION_DENIED');
    expect(outcomes.has('did') || outcomes.has('could'), method).toBe(true);
  }
  const sound = open.filter(({ holder, answer }) => answer.code === 0 && !holder.isPassing);
  // Each that may stream has heard of a change in its own place.
  for (const { what, holder, answer } of sound)
    await until(() => answer.messages.length > 1, { what: `a change on ${what} of ${holder.what}` });
  const kinds = new Set(sound.map(({ what }) => what));
  expect(kinds.size).toBe(4);
  for (const { what, holder, answer } of open)
    expect(foreignMarks(holder, what, everythingTold(answer), ''), `${holder.what}: ${what}`).toEqual([]);
});

test('metrics name no project, no environment and nothing in them', async () => {
  for (const { managementPort } of [site.controlPlane, site.evaluator]) {
    for (const page of ['metrics', 'readyz', 'livez']) {
      const text = await (await fetch(`http://127.0.0.1:${managementPort}/${page}`)).text();
      expect(text.match(MARK)).toBeNull();
    }
  }
});
