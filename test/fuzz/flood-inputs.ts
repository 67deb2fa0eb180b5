// Floods: much of one thing, bounded in number and time. What is asked of the listener is to be there afterwards.

import { connect, type Socket } from 'node:net';
import type { InputKind, Outcome } from './fuzz-input.ts';
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

const EVALUATE = '/flagstream.v1.EvaluationService/Evaluate';
const SYNC = '/flagstream.v1.StreamService/Sync';
const WATCHED = [
  '/flagstream.v1.EvaluationService/Watch',
  '/flagstream.v1.LogService/WatchLog',
  '/grpc.health.v1.Health/Watch',
];
const CONNECTIONS = 150;
const STREAMS = 1_500;
const RESETS = 3_000;
const FRAMES = 4_000;
const HOLD_MS = 700;
/** An empty message with gRPC's frame around it. */
const EMPTY_MESSAGE = new Uint8Array(5);

const opening: Uint8Array = Buffer.concat([PREFACE, settings([])]);

function flood(name: string, bytes: () => Uint8Array): InputKind {
  return {
    name,
    weight: 0,
    send: async (_random, { listener }): Promise<Outcome> => {
      const { received, end } = await exchange(listener.port, {
        portions: [Buffer.concat([opening, bytes()])],
        halfClose: false,
        holdMs: HOLD_MS,
      });
      return { answer: received.length > 0 ? `answered, ${end}` : `no answer, ${end}` };
    },
  };
}

const repeated = (count: number, one: (index: number) => Uint8Array): Uint8Array =>
  Buffer.concat(Array.from({ length: count }, (_, index) => one(index)));
const streamId = (index: number): number => 2 * index + 1;

/** Connections that say nothing, or half of a greeting, all at once. */
const CONNECTION_FLOOD: InputKind = {
  name: 'flood: silent connections',
  weight: 0,
  send: async (random, { listener }) => {
    const greetings = ['', 'P', 'PRI * HT', 'GET / HTTP/1.1\r\nHost: ', '\x16'];
    const sockets = Array.from({ length: CONNECTIONS }, () => opened(listener.port, random.pick(greetings)));
    await new Promise((resolve) => {
      setTimeout(resolve, HOLD_MS / 2);
    });
    const open = sockets.filter((socket) => !socket.destroyed).length;
    for (const socket of sockets) socket.destroy();
    return { answer: open === CONNECTIONS ? 'all held' : 'some refused' };
  },
};

function opened(port: number, greeting: string): Socket {
  const socket = connect({ port, host: '127.0.0.1' });
  // A listener may refuse: that is an answer.
  socket.on('error', () => undefined);
  socket.write(greeting, 'latin1');
  return socket;
}

/** One after the other, so that each run of any length has them all. */
export const GRPC_FLOODS: readonly InputKind[] = [
  CONNECTION_FLOOD,
  flood('flood: rapid reset', () =>
    repeated(RESETS, (index) =>
      Buffer.concat([
        frame(FRAME.headers, FLAG.endHeaders, streamId(index), callHeaders(EVALUATE)),
        frame(FRAME.data, 0, streamId(index), EMPTY_MESSAGE),
        frame(FRAME.resetStream, 0, streamId(index), fourBytes(8)),
      ]),
    ),
  ),
  flood('flood: streams', () =>
    repeated(STREAMS, (index) => frame(FRAME.headers, FLAG.endHeaders, streamId(index), callHeaders(SYNC))),
  ),
  flood('flood: streams that take nothing', () =>
    Buffer.concat([
      settings([[4, 0]]),
      ...WATCHED.flatMap((path, group) =>
        Array.from({ length: 300 }, (_, index) => {
          const id = streamId(group * 300 + index);
          return Buffer.concat([
            frame(FRAME.headers, FLAG.endHeaders, id, callHeaders(path)),
            frame(FRAME.data, FLAG.endStream, id, EMPTY_MESSAGE),
          ]);
        }),
      ),
    ]),
  ),
  flood('flood: SETTINGS', () => repeated(FRAMES, (index) => settings([[4, index]]))),
  flood('flood: PING', () => repeated(FRAMES, () => frame(FRAME.ping, 0, 0, new Uint8Array(8)))),
  flood('flood: empty DATA', () =>
    Buffer.concat([
      frame(FRAME.headers, FLAG.endHeaders, 1, callHeaders(SYNC)),
      repeated(FRAMES, () => frame(FRAME.data, 0, 1)),
    ]),
  ),
  flood('flood: CONTINUATION', () => {
    const part = headerBlock([['x', 'y'.repeat(8_000)]]);
    return Buffer.concat([
      frame(FRAME.headers, 0, 1, callHeaders(EVALUATE)),
      repeated(FRAMES / 8, () => frame(FRAME.continuation, 0, 1, part)),
    ]);
  }),
  flood('flood: PRIORITY and WINDOW_UPDATE', () =>
    repeated(FRAMES, (index) =>
      index % 2 === 0
        ? frame(FRAME.priority, 0, streamId(index), Buffer.concat([fourBytes(0), Uint8Array.of(1)]))
        : frame(FRAME.windowUpdate, 0, 0, fourBytes(1)),
    ),
  ),
  flood('flood: headers that are stored', () =>
    repeated(200, (index) =>
      // Indexed incrementally: each takes a place in the table.
      frame(
        FRAME.headers,
        FLAG.endHeaders | FLAG.endStream,
        streamId(index),
        Buffer.concat([
          callHeaders(EVALUATE),
          Uint8Array.of(0x40, 1, 0x61 + (index % 26), 4),
          Buffer.from('abcd'),
        ]),
      ),
    ),
  ),
];

export const HTTP_FLOODS: readonly InputKind[] = [
  CONNECTION_FLOOD,
  {
    name: 'flood: pipelined scrapes',
    weight: 0,
    send: async (_random, { listener }) => {
      const request = Buffer.from('GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n');
      const { end } = await exchange(listener.port, {
        portions: [repeated(300, () => request)],
        halfClose: false,
        holdMs: HOLD_MS,
      });
      return { answer: end };
    },
  },
  {
    name: 'flood: an endless body',
    weight: 0,
    send: async (_random, { listener }) => {
      const head = Buffer.from('POST /metrics HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n');
      const chunk = Buffer.concat([
        Buffer.from('10000\r\n'),
        Buffer.alloc(65_536, 0x61),
        Buffer.from('\r\n'),
      ]);
      const { end } = await exchange(listener.port, {
        portions: [head, ...Array.from({ length: 100 }, () => chunk)],
        halfClose: false,
        holdMs: HOLD_MS,
      });
      return { answer: end };
    },
  },
];
