import { once } from 'node:events';
import { connect } from 'node:net';
import { HealthClient } from '@flagstream/protocol/gen/grpc/health/v1/health';
import * as grpc from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import {
  chat,
  echo,
  failure,
  openChat,
  opened,
  promised,
  read,
  say,
  start,
  type Text,
} from './echo-host.fixture.ts';
import { unary } from './handler.ts';

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(port, '127.0.0.1', () => resolve(true));
    probe.on('error', () => resolve(false));
    opened.push(() => probe.destroy());
  });
}

describe('draining', () => {
  it('tells watchers, lets services say goodbye, ends streams UNAVAILABLE and finishes unary calls', async () => {
    const { promise: entered, resolve: enter } = promised<void>();
    const { promise: release, resolve: finish } = promised<void>();
    const { host, client } = await start([
      {
        ...echo,
        handlers: {
          ...echo.handlers,
          say: unary<Text, Text>(async (request) => {
            enter();
            await release;
            return request;
          }),
        },
      },
    ]);
    const healthClient = new HealthClient(client.getChannel().getTarget(), grpc.credentials.createInsecure());
    opened.push(() => healthClient.close());
    const watch = healthClient.watch({ service: 'liveness' });
    const watchEnd = failure(read(watch as unknown as grpc.ClientReadableStream<Text>));
    const stream = chat(client);
    stream.write({ text: 'open' });
    const firstMessage = once(stream, 'data');
    await firstMessage;
    const slow = say(client, 'slow');
    await entered;
    const goodbyes: string[] = [];
    host.onDrain(async () => {
      goodbyes.push('asked');
    });
    const streamEnd = failure(read(stream));
    const drained = host.drain(60_000);
    expect(await streamEnd).toMatchObject({ code: grpc.status.UNAVAILABLE, details: 'server draining' });
    expect((await watchEnd).code).toBe(grpc.status.UNAVAILABLE);
    expect(goodbyes).toEqual(['asked']);
    finish();
    expect(await slow).toEqual({ text: 'slow' });
    await drained;
    expect((await failure(say(client, 'late'))).code).toBe(grpc.status.UNAVAILABLE);
  });

  it.each([
    [true, 'at once'],
    [false, 'after the goodbyes'],
  ])('leaves its port (to others behind it: %s) %s', async (sharesPort, when) => {
    const { host, port } = await start([echo], { sharesPort });
    const { promise: asked, resolve: ask } = promised<void>();
    const { promise: goodbye, resolve: part } = promised<void>();
    host.onDrain(() => {
      ask();
      return goodbye;
    });
    const drained = host.drain(60_000);
    await asked;
    expect(await accepts(port)).toBe(when === 'after the goodbyes');
    part();
    await drained;
    expect(await accepts(port)).toBe(false);
  });

  it('cuts what is left after the grace', async () => {
    const { host, client } = await start([
      {
        ...echo,
        handlers: { ...echo.handlers, say: unary<Text, Text>(() => new Promise<Text>(() => undefined)) },
      },
    ]);
    const stuck = failure(say(client, 'stuck'));
    await once(openChat(client), 'data');
    await host.drain(20);
    expect([grpc.status.UNAVAILABLE, grpc.status.CANCELLED, grpc.status.INTERNAL]).toContain(
      (await stuck).code,
    );
  });
});
