import { setImmediate as turnOver } from 'node:timers/promises';
import { fail } from '@flagstream/protocol';
import { type ServerDuplexStream, status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import {
  chat,
  codec,
  echo,
  framedText,
  type Running,
  rawCall,
  rawSession,
  read,
  start,
  type Text,
} from './echo-host.fixture.ts';
import { endWithError } from './end-stream.ts';
import { GatheredWrites } from './gathered-writes.ts';
import { bidi } from './handler.ts';

type Answer = (stream: ServerDuplexStream<Text, Text>, writes: GatheredWrites<Text>) => void | Promise<void>;

/** A host whose chat does this with its first message. */
function answering(answer: Answer): Promise<Running> {
  const handler = bidi<Text, Text>((stream) => {
    const writes = new GatheredWrites<Text>(stream);
    stream.once('data', () => void answer(stream, writes));
  });
  return start([{ ...echo, handlers: { ...echo.handlers, chat: handler } }]);
}

function texts(messages: number, from = 0): string[] {
  return Array.from({ length: messages }, (_, index) => `message ${from + index}`);
}

/** What comes for one message, frame by frame. */
async function frames(port: number): Promise<readonly Buffer[]> {
  const call = rawCall(rawSession(port), 'Chat');
  call.end(framedText('ask'));
  const received: Buffer[] = [];
  for await (const frame of call) received.push(frame as Buffer);
  return received;
}

describe('messages that are written in one turn', () => {
  it('come in one frame, in their order, and are counted one by one', async () => {
    const asked = texts(50);
    let taken = 0;
    const { port, metrics } = await answering((stream, writes) => {
      for (const text of asked)
        writes.write({ text }, () => {
          taken += 1;
          if (taken === asked.length) stream.end();
        });
    });
    const [frame, ...others] = await frames(port);
    expect(others).toEqual([]);
    const sent = asked.map((text) => codec.serialize({ text }));
    expect(frame).toEqual(
      Buffer.concat(sent.flatMap((message) => [Buffer.of(0, 0, 0, 0, message.length), message])),
    );
    const [counted] = (await metrics.text())
      .split('\n')
      .filter((line) => line.startsWith('grpc_server_msg_sent_total') && line.includes('"Chat"'));
    expect(counted).toMatch(/ 50$/);
  });

  it('come before the end that follows in the same turn, with or without an error', async () => {
    for (const error of [undefined, fail('DRAINING', 'server draining')]) {
      const asked = texts(3);
      const { client } = await answering((stream, writes) => {
        for (const text of asked) writes.write({ text }, () => undefined);
        if (error === undefined) stream.end();
        else endWithError(stream, error);
      });
      const stream = chat(client);
      const code = new Promise<number>((resolve) => stream.once('status', (ended) => resolve(ended.code)));
      const received: string[] = [];
      stream.on('data', ({ text }: Text) => received.push(text)).on('error', () => undefined);
      stream.write({ text: 'ask' });
      expect(await code).toBe(error === undefined ? status.OK : status.UNAVAILABLE);
      expect(received).toEqual(asked);
    }
  });

  it('come in their order also where their connection takes only some at a time', async () => {
    const [turns, messages] = [4, 300];
    let taken = 0;
    const { client } = await answering(async (stream, writes) => {
      for (let turn = 0; turn < turns; turn++) {
        for (const text of texts(messages, turn * messages))
          writes.write({ text: text.padEnd(1_000) }, () => {
            taken += 1;
          });
        await turnOver();
      }
      stream.end();
    });
    const stream = chat(client);
    stream.end({ text: 'ask' });
    const received = await read(stream);
    expect(received.map(({ text }) => text.trimEnd())).toEqual(texts(turns * messages));
    expect(taken).toBe(turns * messages);
  });
});
