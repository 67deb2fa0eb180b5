// Streams in wrong states: Sync's frames in every order, also none and unknown ones, and streams of every kind that
// are left at every point.

import type { EntityKind } from '@flagstream/protocol/gen/flagstream/v1/record';
import { type NackCode, SyncRequest } from '@flagstream/protocol/gen/flagstream/v1/stream';
import type { Random } from '../sim/world/random.ts';
import { methodOf } from './call-inputs.ts';
import type { InputKind, Outcome } from './fuzz-input.ts';
import { framed } from './grpc-wire.ts';
import { damaged, hostileInteger, hostileText } from './hostile-values.ts';
import { judged } from './judge-answer.ts';
import { contractMethods, messageBytes, methodPath } from './message-bytes.ts';

const SYNC = '/flagstream.v1.StreamService/Sync';
const SYNC_REQUEST = contractMethods().find((method) => methodPath(method) === SYNC)!.input;
const FRAMES_MAX = 8;
/** Longest that a stream is kept: those that are answered at once end before it. */
const KEPT_MS = 30;

type Frame = (random: Random) => SyncRequest['frame'];

const FRAMES: readonly Frame[] = [
  (random) => hello(random, true),
  (random) => hello(random, random.chance(0.5)),
  (random) => ({
    $case: 'ack',
    value: { transferId: hostileInteger(random), have: have(random), applyUs: 1 },
  }),
  () => ({ $case: 'ack', value: { transferId: 1n, have: undefined, applyUs: 0 } }),
  (random) => ({
    $case: 'nack',
    value: {
      transferId: random.pick([0n, 1n, 2n ** 63n]),
      code: random.int(0, 9) as NackCode,
      detail: hostileText(random),
      bad: [],
      have: have(random),
    },
  }),
  (random) => ({
    $case: 'pong',
    value: { nonce: hostileInteger(random), have: have(random), clientNonce: hostileInteger(random) },
  }),
  (random) => ({ $case: 'authRefresh', value: { token: hostileText(random) } }),
  (random) => ({
    $case: 'resubscribe',
    value: {
      filter: {
        flagSets: [hostileText(random)],
        tagsAny: [],
        keyPrefixes: ['__proto__'],
        kinds: [0, 99 as EntityKind],
      },
    },
  }),
  (random) => ({ $case: 'bye', value: { reason: hostileText(random) } }),
  () => undefined,
];

/** Sync from its client's side: in no order at all, with Hello at the wrong place, twice or never. */
export const SYNC_STATES: InputKind = {
  name: 'Sync in wrong states',
  weight: 4,
  send: async (random, site) => {
    const frames = Array.from({ length: random.int(0, FRAMES_MAX) }, () => syncFrame(random));
    if (random.chance(0.6)) frames.unshift(encoded(hello(random, true), false));
    return judged(
      await site.wire.call({
        path: SYNC,
        portions: frames.map((bytes) => framed(bytes)),
        halfClose: random.chance(0.4),
        leaveAfterMs: random.int(0, KEPT_MS),
        ...(random.chance(0.3) ? { leaveAfterMessages: random.int(1, 4) } : {}),
      }),
      SYNC,
    );
  },
};

/** Any method's stream, with more messages than it takes, cut between two of them or in the middle of one. */
export const LEFT_STREAMS: InputKind = {
  name: 'streams that are left',
  weight: 2,
  send: async (random, site): Promise<Outcome> => {
    const method = methodOf(random, site);
    const message = (): Uint8Array => framed(messageBytes(random, method.input));
    const portions = Array.from({ length: random.int(0, 3) }, message);
    if (random.chance(0.3)) {
      const last = message();
      portions.push(last.subarray(0, random.int(0, last.length)));
    }
    const outcome = judged(
      await site.wire.call({
        path: methodPath(method),
        portions,
        halfClose: random.chance(0.3),
        leaveAfterMs: random.pick([0, 0, 1, 5, 20]),
      }),
      methodPath(method),
    );
    return outcome.finding === undefined
      ? outcome
      : { ...outcome, finding: `${method.name}: ${outcome.finding}` };
  },
};

function syncFrame(random: Random): Uint8Array {
  if (random.chance(0.15)) return messageBytes(random, SYNC_REQUEST);
  const bytes = encoded(random.pick(FRAMES)(random), random.chance(0.2));
  return random.chance(0.15) ? damaged(random, bytes) : bytes;
}

function encoded(sent: SyncRequest['frame'], ignorable: boolean): Uint8Array {
  return SyncRequest.encode({ frame: sent, ignorable }).finish();
}

function hello(random: Random, sound: boolean): NonNullable<SyncRequest['frame']> {
  const odd = <T>(value: T, others: readonly T[]): T => (sound ? value : random.pick(others));
  return {
    $case: 'hello',
    value: {
      protoMin: odd(1, [0, 1, 2, 2 ** 32 - 1]),
      protoMax: odd(1, [0, 1, 2, 2 ** 32 - 1]),
      instanceId: odd('fuzz', ['', hostileText(random)]),
      sdk: odd({ name: 'fuzz', version: '1', language: 'x' }, [
        undefined,
        { name: hostileText(random), version: '', language: '' },
      ]),
      filter: odd(undefined, [undefined, { flagSets: ['a'], tagsAny: [], keyPrefixes: [], kinds: [] }]),
      have: have(random),
      maxFrameBytes: odd(0, [0, 1, 100, 2 ** 32 - 1]),
      heartbeatMs: odd(0, [0, 1, 2 ** 32 - 1]),
      capabilities: odd(0n, [2n ** 64n - 1n]),
      attempt: odd(0, [2 ** 32 - 1]),
      lostStreams: odd([], [[{ bootId: hostileText(random), sequence: 2n ** 64n - 1n }]]),
    },
  };
}

type Have = Extract<NonNullable<SyncRequest['frame']>, { $case: 'hello' }>['value']['have'];

function have(random: Random): Have {
  if (random.chance(0.5)) return undefined;
  return {
    rev: random.chance(0.2)
      ? undefined
      : {
          epoch: random.pick([0, 1, 2, 2 ** 32 - 1]),
          revision: hostileInteger(random),
          hash: Buffer.from(random.bytes(random.pick([0, 31, 32, 33]))),
        },
    digestHi: hostileInteger(random),
    digestLo: hostileInteger(random),
    filterId: Buffer.from(random.bytes(random.pick([0, 8, 100]))),
    logIdentity: Buffer.from(random.bytes(random.pick([0, 32, 100]))),
  };
}
