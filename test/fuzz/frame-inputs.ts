// A valid preface, and then frames that are not, or not in this order: what HTTP/2 itself has to refuse.

import type { Random } from '../sim/world/random.ts';
import type { InputKind } from './fuzz-input.ts';
import { framed } from './grpc-wire.ts';
import { damaged, hostileText } from './hostile-values.ts';
import {
  callHeaders,
  FLAG,
  FRAME,
  fourBytes,
  frame,
  headerBlock,
  PREFACE,
  settings,
} from './http2-frames.ts';
import { exchange } from './raw-connection.ts';

const PATHS: readonly string[] = [
  '/flagstream.v1.EvaluationService/Evaluate',
  '/flagstream.v1.AdminService/ListFlags',
  '/flagstream.v1.StreamService/Sync',
  '/flagstream.v1.LogService/WatchLog',
  '/grpc.health.v1.Health/Watch',
  '/nothing/at-all',
  'no slash',
  '',
];
const STREAM_IDS: readonly number[] = [0, 1, 1, 1, 3, 3, 5, 2, 7, 101, 2 ** 31 - 1, 2 ** 31 + 1];
const SETTING_VALUES: readonly number[] = [
  0,
  1,
  2,
  100,
  16_383,
  16_384,
  65_535,
  2 ** 24,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32 - 1,
];
const FRAMES_MAX = 24;

export const ODD_FRAMES: InputKind = {
  name: 'HTTP/2 frames',
  weight: 4,
  send: async (random, { listener }) => {
    const frames = Array.from({ length: random.int(1, FRAMES_MAX) }, () => oddFrame(random));
    const begin = random.chance(0.9) ? [settings([])] : [];
    const sent = Buffer.concat([PREFACE, ...begin, ...frames]);
    const bytes = random.chance(0.3)
      ? Buffer.concat([PREFACE, damaged(random, sent.subarray(PREFACE.length))])
      : sent;
    const { received, end } = await exchange(listener.port, {
      portions: [bytes],
      halfClose: random.chance(0.8),
      reset: random.chance(0.05),
      holdMs: 150,
    });
    return { answer: received.length === 0 ? `no answer, ${end}` : `${lastFrame(received)}, ${end}` };
  },
};

function oddFrame(random: Random): Uint8Array {
  const id = random.pick(STREAM_IDS);
  switch (random.int(0, 11)) {
    case 0:
      return frame(random.int(0, 255), random.int(0, 255), id, random.bytes(random.int(0, 100)));
    case 1:
      return settings(
        Array.from(
          { length: random.int(0, 40) },
          () => [random.int(0, 9), random.pick(SETTING_VALUES)] as const,
        ),
      );
    case 2:
      return frame(FRAME.settings, FLAG.ack, random.pick([0, 1]), random.bytes(random.pick([0, 0, 5])));
    case 3:
      return frame(FRAME.windowUpdate, 0, id, fourBytes(random.pick(SETTING_VALUES)));
    case 4:
      return frame(FRAME.resetStream, 0, id, fourBytes(random.int(0, 14)));
    case 5:
      return frame(
        FRAME.ping,
        random.pick([0, 1]),
        random.pick([0, 1]),
        random.bytes(random.pick([8, 8, 7])),
      );
    case 6:
      return frame(FRAME.goAway, 0, 0, random.bytes(random.int(0, 40)));
    case 7:
      return frame(
        FRAME.continuation,
        random.pick([0, FLAG.endHeaders]),
        id,
        headerBlock([['a', hostileText(random).slice(0, 9_000)]]),
      );
    case 8:
      return frame(
        FRAME.data,
        random.int(0, 255),
        id,
        framed(random.bytes(random.int(0, 60)), random.int(0, 2)),
        random.pick([65, 65, 20, 200]),
      );
    case 9:
      return frame(FRAME.pushPromise, FLAG.endHeaders, id, Buffer.concat([fourBytes(2), callHeaders('/x')]));
    case 10:
      return frame(FRAME.priority, 0, id, random.bytes(random.pick([5, 5, 4])));
    default:
      return oddHeaders(random, id);
  }
}

function oddHeaders(random: Random, id: number): Uint8Array {
  const path = random.pick(PATHS);
  const flags = random.pick([
    FLAG.endHeaders,
    FLAG.endHeaders,
    FLAG.endHeaders | FLAG.endStream,
    0,
    random.int(0, 255),
  ]);
  const more: [string, string][] = [];
  if (random.chance(0.2)) more.push(['UPPER', 'x']);
  if (random.chance(0.2)) more.push([':path', '/twice']);
  if (random.chance(0.2)) more.push([`a${random.pick(['!', '~', '(', ' ', '\0', '|', '#'])}b`, 'x']);
  if (random.chance(0.2)) more.push(['authorization', random.pick(['\xff', '\r\n', 'a\0b', ' x '])]);
  if (random.chance(0.1))
    more.push(['grpc-timeout', random.pick(['0n', '99999999H', '1', '-1S', '9'.repeat(40)])]);
  if (random.chance(0.05)) more.push(['x', 'y'.repeat(random.int(1, 16_000))]);
  const block = random.chance(0.1) ? random.bytes(random.int(0, 200)) : callHeaders(path, more);
  return frame(FRAME.headers, flags, id, block.length > 16_384 ? block.subarray(0, 16_384) : block);
}

const FRAME_NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(FRAME).map(([name, type]) => [type, name]),
);

/** The name of the last whole frame that came. */
function lastFrame(received: Buffer): string {
  let last = 'other bytes';
  for (let at = 0; at + 9 <= received.length; at += 9 + received.readUIntBE(at, 3))
    last = FRAME_NAMES.get(received[at + 3]!) ?? 'other bytes';
  return last;
}
