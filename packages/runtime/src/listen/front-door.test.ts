import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setImmediate as turnOver } from 'node:timers/promises';
import { LIMITS } from '@flagstream/protocol';
import { describe, expect, it } from 'vitest';
import { requiresFolder } from '../../../../test/support/requires-folder.ts';
import { until } from '../../../../test/support/until.ts';
import { echo, failure, httpGet, say, start } from '../grpc/echo-host.fixture.ts';
import { GrpcHost } from '../grpc/grpc-host.ts';
import { loopbackPrincipal } from '../grpc/principal.ts';
import { HealthState } from '../health/health-state.ts';
import { createLogger } from '../log/logger.ts';
import { Metrics } from '../metrics/metrics.ts';

const hex = (port: number): string => port.toString(16).toUpperCase().padStart(4, '0');

describe('the front door', () => {
  it('serves HTTP/1.1 on the same port, with a hint where what is asked for may be', async () => {
    const { port, client } = await start([echo], { elsewhere: () => 'health on 9014' });
    const answer = await httpGet(port, '/x');
    expect(answer.status).toBe(404);
    expect(answer.body).toContain('calls a method; elsewhere: health on 9014"');
    expect(await say(client, 'still gRPC')).toEqual({ text: 'still gRPC' });
  });

  it('hands HTTP/1.1 to the given listener, also when bytes come one by one', async () => {
    const { port } = await start([echo], { http: (_, response) => response.end('ok') });
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    const answered = once(socket, 'data');
    for (const byte of 'PUT / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 0\r\n\r\n') {
      await new Promise((sent) => socket.write(byte, sent));
    }
    const [data] = (await answered) as [Buffer];
    expect(data.toString()).toContain('200 OK');
    socket.destroy();
  });

  it.each([
    ['a TLS hello', Buffer.from([0x16, 0x03, 0x01, 0x00])],
    ['noise', Buffer.from([0x00, 0xff, 0x13])],
    [
      'an HTTP/2 preface that ends in something else',
      Buffer.from('PRI * HTTP/2.0\r\n\r\nnothing of the sort'),
    ],
  ])('closes on %s', async (_, bytes) => {
    const { port, client } = await start();
    const socket = connect(port, '127.0.0.1').on('error', () => undefined);
    socket.write(bytes);
    socket.resume();
    await once(socket, 'close');
    expect(await say(client, 'alive')).toEqual({ text: 'alive' });
  });

  it('closes a connection that says nothing', async () => {
    const { port } = await start([echo], { sniffTimeoutMs: 20 });
    const socket = connect(port, '127.0.0.1').on('error', () => undefined);
    socket.resume();
    socket.write('PRI * HT');
    await once(socket, 'close');
  });

  it('refuses connections above the limit', async () => {
    const { port } = await start([echo], { maxConnections: 1 });
    const first = connect(port, '127.0.0.1').on('error', () => undefined);
    await once(first, 'connect');
    const second = connect(port, '127.0.0.1').on('error', () => undefined);
    second.resume();
    await once(second, 'close');
    expect(first.destroyed).toBe(false);
    first.destroy();
  });

  requiresFolder('/proc/net').test(
    'has TCP ask after tcpKeepAliveMs whether the peer of a silent connection lives',
    async () => {
      const { port } = await start();
      const socket = connect(port, '127.0.0.1').on('error', () => undefined);
      await once(socket, 'connect');
      const ends = [port, socket.localPort!].map((each) => `0100007F:${hex(each)}`).join(' ');
      const [, kind, dueHundredths = ''] = await until(
        () => new RegExp(`${ends} \\S+ \\S+ (\\d\\d):(\\w+)`).exec(readFileSync('/proc/net/tcp', 'utf8')),
        { what: 'an accepted connection' },
      );
      socket.destroy();
      // Of the kernel's timers the one that keeps alive.
      expect(kind).toBe('02');
      expect(Number.parseInt(dueHundredths, 16) * 10).toBeLessThanOrEqual(LIMITS.tcpKeepAliveMs);
    },
  );

  it('lets none of those wait for a second try that come at once', async () => {
    const { port } = await start();
    let connected = 0;
    // More than Node has the kernel keep by itself; those are told to try again after a second.
    const sockets = Array.from({ length: 700 }, () =>
      connect(port, '127.0.0.1', () => {
        connected += 1;
      }).on('error', () => undefined),
    );
    for (let turn = 0; turn < 200 && connected < sockets.length; turn++) await turnOver();
    for (const socket of sockets) socket.destroy();
    expect(connected).toBe(sockets.length);
  });

  it('names the port that is in use and the way out', async () => {
    const { port } = await start();
    const other = new GrpcHost({
      name: 'evaluator',
      logger: createLogger({ level: 'silent', service: 'x', version: '0', nodeId: 'n' }),
      metrics: new Metrics(),
      authenticate: loopbackPrincipal({ project: 'default', environment: 'development' }),
      services: [],
      health: new HealthState(),
    });
    const error = await failure(other.listen({ host: '127.0.0.1', port }));
    expect(error).toMatchObject({ reason: 'PORT_IN_USE' });
    expect(error.message).toContain(`port ${port} (evaluator gRPC)`);
    expect(error.message).toContain('--port-base');
    await other.drain(0);
  });
});
