import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { request as requestSecurely } from 'node:https';
import { connect, type Socket } from 'node:net';
import {
  HealthClient,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from '@flagstream/protocol/gen/grpc/health/v1/health';
import { ChannelCredentials, status } from '@grpc/grpc-js';
import { afterEach, describe, expect, it } from 'vitest';
import { HealthState } from '../health/health-state.ts';
import { createLogger } from '../log/logger.ts';
import { Metrics } from '../metrics/metrics.ts';
import { TestTls } from '../tls/tls.fixture.ts';
import {
  type ManagementOptions,
  type ManagementServer,
  type Readiness,
  startManagement,
} from './management-server.ts';

interface Answer {
  readonly status: number | undefined;
  readonly type: string | undefined;
  readonly body: string;
}

const servers: ManagementServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

interface Running {
  readonly server: ManagementServer;
  readonly health: HealthState;
  readonly metrics: Metrics;
  ask(path: string, method?: string): Promise<Answer>;
}

async function start(
  readiness: () => Readiness = () => ({ ready: true, reasons: [] }),
  port = 0,
  more: Partial<ManagementOptions> = {},
): Promise<Running> {
  const health = new HealthState();
  const metrics = new Metrics();
  const logger = createLogger({ level: 'silent', service: 'test', version: '0', nodeId: 'n' });
  const server = await startManagement({
    name: 'evaluator',
    host: '127.0.0.1',
    port,
    health,
    metrics,
    readiness,
    logger,
    ...more,
  });
  servers.push(server);
  return { server, health, metrics, ask: (path, method = 'GET') => ask(server.port, path, method) };
}

function ask(port: number, path: string, method: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', port, path, method, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        body += chunk;
      });
      response.on('end', () =>
        resolve({ status: response.statusCode, type: response.headers['content-type'], body }),
      );
    });
    outgoing.on('error', reject);
    outgoing.end();
  });
}

describe('management port', () => {
  it('tells liveness', async () => {
    const { ask, health } = await start();
    expect(await ask('/healthz')).toMatchObject({ status: 200, body: '{"status":"ok"}\n' });
    health.set('liveness', false);
    expect(await ask('/healthz?x=1')).toMatchObject({ status: 503, body: '{"status":"failing"}\n' });
  });

  it('tells readiness, and why not', async () => {
    let state: Readiness = { ready: false, reasons: ['no snapshot loaded'] };
    const { ask, health } = await start(() => state);
    expect(await ask('/readyz')).toEqual({
      status: 503,
      type: 'application/json; charset=utf-8',
      body: '{"ready":false,"reasons":["no snapshot loaded"]}\n',
    });
    state = { ready: true, reasons: [] };
    expect(await ask('/readyz')).toMatchObject({ status: 200, body: '{"ready":true,"reasons":[]}\n' });
    health.drain();
    expect(await ask('/readyz')).toMatchObject({
      status: 503,
      body: '{"ready":false,"reasons":["draining"]}\n',
    });
    expect(await ask('/healthz')).toMatchObject({ status: 200 });
  });

  it('serves the metrics as Prometheus text, also to scrapers that come together', async () => {
    const { ask, metrics } = await start();
    metrics.counter('things_total', 'Things.').inc(3);
    metrics.buildInfo({ version: '1.2.3', commit: 'abc' });
    const answers = await Promise.all([ask('/metrics'), ask('/metrics'), ask('/metrics')]);
    for (const { status, type, body } of answers) {
      expect(status).toBe(200);
      expect(type).toContain('text/plain');
      expect(body).toContain('flagstream_things_total 3\n');
      expect(body).toContain('flagstream_build_info{version="1.2.3",commit="abc"} 1\n');
    }
  });

  it('answers 500 when a collector fails, and works again afterwards', async () => {
    const { ask, metrics } = await start();
    let broken = true;
    metrics.gauge('thing', 'Thing.', [], (gauge) => {
      if (broken) throw new Error('broken');
      gauge.set(1);
    });
    expect(await ask('/metrics')).toMatchObject({ status: 500 });
    broken = false;
    expect(await ask('/metrics')).toMatchObject({ status: 200 });
  });

  it('takes only GET and HEAD, on three paths', async () => {
    const { ask } = await start();
    expect(await ask('/healthz', 'HEAD')).toMatchObject({ status: 200, body: '' });
    expect(await ask('/healthz', 'POST')).toMatchObject({ status: 405 });
    expect(await ask('/readyz', 'DELETE')).toMatchObject({ status: 405 });
    expect(await ask('/')).toMatchObject({ status: 404 });
    expect(await ask('/constructor')).toMatchObject({ status: 404 });
  });

  it('takes whole addresses, and says why it takes none', async () => {
    const { ask, server } = await start();
    expect(await ask(`http://localhost:${server.port}/healthz`)).toMatchObject({ status: 200 });
    const socket = connect(server.port, '127.0.0.1');
    socket.write('GET /healthz HTTP/1.1\r\n\r\n');
    let text = '';
    for await (const chunk of socket) text += String(chunk);
    expect(text).toMatch(/^HTTP\/1\.1 400 .*"error":"the request names no host"/s);
  });

  it('names the port that is in use', async () => {
    const { server } = await start();
    await expect(start(undefined, server.port)).rejects.toMatchObject({
      reason: 'PORT_IN_USE',
      message: expect.stringContaining(`port ${server.port} (evaluator management) is in use`),
    });
  });
});

describe('gRPC health on the management port', () => {
  const clients: HealthClient[] = [];
  afterEach(() => {
    for (const client of clients.splice(0)) client.close();
  });
  const clientOf = (port: number, credentials = ChannelCredentials.createInsecure()): HealthClient => {
    const client = new HealthClient(`localhost:${port}`, credentials);
    clients.push(client);
    return client;
  };
  const checked = (client: HealthClient, service: string): Promise<unknown> =>
    new Promise((resolve) =>
      client.check({ service }, (error, answer) => resolve(error === null ? answer.status : error.code)),
    );

  it('tells of the process and its parts, beside the paths of HTTP', async () => {
    const { server, health, ask } = await start();
    const client = clientOf(server.port);
    expect(await checked(client, '')).toBe(ServingStatus.NOT_SERVING);
    health.setReady(true);
    expect(await checked(client, '')).toBe(ServingStatus.SERVING);
    expect(await checked(client, 'nothing')).toBe(status.NOT_FOUND);
    expect(await ask('/healthz')).toMatchObject({ status: 200 });
    const list = await new Promise((resolve) => client.list({}, (_, answer) => resolve(answer)));
    expect(list).toMatchObject({ statuses: { liveness: { status: ServingStatus.SERVING } } });
  });

  it('tells who watches of each change, until it is cancelled', async () => {
    const { server, health } = await start();
    const watch = clientOf(server.port).watch({ service: 'later' });
    watch.on('error', () => undefined);
    const told: ServingStatus[] = [];
    const next = (): Promise<void> =>
      new Promise((resolve) =>
        watch.once('data', ({ status }: { status: ServingStatus }) => {
          told.push(status);
          resolve();
        }),
      );
    await next();
    for (const serving of [true, false]) {
      health.set('later', serving);
      await next();
    }
    expect(told).toEqual([ServingStatus.SERVICE_UNKNOWN, ServingStatus.SERVING, ServingStatus.NOT_SERVING]);
    watch.cancel();
  });

  it('speaks TLS where the port does', async () => {
    const tls = new TestTls();
    const { server } = await start(undefined, 0, { tls: tls.listener });
    const credentials = ChannelCredentials.createSsl(Buffer.from(tls.authority.cert));
    expect(await checked(clientOf(server.port, credentials), 'liveness')).toBe(ServingStatus.SERVING);
  });

  it('is answered beside connections of HTTP/2 that say nothing more', async () => {
    const { server } = await start();
    const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
    const silent = await Promise.all(
      Array.from({ length: 110 }, async () => {
        const socket = connect(server.port, '127.0.0.1').on('error', () => undefined);
        await once(socket, 'connect');
        socket.resume().write(preface);
        return socket;
      }),
    );
    for (let probe = 0; probe < 10; probe++)
      expect(await checked(clientOf(server.port), 'liveness')).toBe(ServingStatus.SERVING);
    for (const socket of silent) socket.destroy();
  });
});

describe('management port beside silent connections', () => {
  const SILENT = 110;
  const sockets: Socket[] = [];
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
  });
  const open = async (port: number): Promise<Socket> => {
    const socket = connect(port, '127.0.0.1').on('error', () => undefined);
    sockets.push(socket.resume());
    await once(socket, 'connect');
    return socket;
  };
  /** Each sends a portion and then nothing more. */
  const fill = (port: number, portion: string): Promise<unknown> =>
    Promise.all(Array.from({ length: SILENT }, async () => (await open(port)).write(portion)));

  it.each([
    ['that send nothing', ''],
    ['that never end their headers', 'GET /healthz HTTP/1.1\r\nhost: x\r\n'],
    ['that were answered and stay', 'GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n'],
  ])('answers every probe beside those %s', async (_, portion) => {
    const { server, ask } = await start();
    for (let round = 0; round < 3; round++) {
      await fill(server.port, portion);
      for (let probe = 0; probe < 30; probe++) expect(await ask('/healthz')).toMatchObject({ status: 200 });
    }
  });

  it('keeps a connection that is used, whoever else comes', async () => {
    const { server } = await start();
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const used = (): Promise<boolean> =>
      new Promise((resolve, reject) => {
        const outgoing = request(
          { host: '127.0.0.1', port: server.port, path: '/healthz', agent },
          (response) => response.resume().on('end', () => resolve(outgoing.reusedSocket)),
        );
        outgoing.on('error', reject).end();
      });
    expect(await used()).toBe(false);
    for (let round = 0; round < 3; round++) {
      await Promise.all(Array.from({ length: 60 }, () => open(server.port)));
      expect(await used()).toBe(true);
    }
    agent.destroy();
  });
});

describe('management port with TLS', () => {
  const secureStatus = (port: number, more: object): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      const options = { host: 'localhost', port, path: '/healthz', agent: false, ...more };
      requestSecurely(options, (response) => resolve(response.resume().statusCode))
        .on('error', reject)
        .end();
    });

  it('speaks HTTPS alone, asks for certificates, and takes a renewed one', async () => {
    const tls = new TestTls({ mutual: true });
    const { server, ask } = await start(undefined, 0, { tls: tls.listener });
    const ca = tls.authority.cert;
    const own = tls.authority.issue('a client');
    expect(await secureStatus(server.port, { ca, ...own })).toBe(200);
    await expect(secureStatus(server.port, { ca })).rejects.toThrow();
    await expect(ask('/healthz')).rejects.toThrow();
    const failures = (reason: string) =>
      tls.metric(`tls_handshake_failures_total{listener="management",reason="${reason}"}`);
    expect(await Promise.all([failures('client_certificate'), failures('plaintext')])).toEqual([1, 1]);

    tls.renew('second');
    tls.identity.reload('change');
    const names: unknown[] = [];
    const checkServerIdentity = (_: string, certificate: { subject: { CN: unknown } }): undefined => {
      names.push(certificate.subject.CN);
    };
    expect(await secureStatus(server.port, { ca, ...own, checkServerIdentity })).toBe(200);
    expect(names).toEqual(['second']);
  });

  it('answers every probe beside connections that never begin their handshake', async () => {
    const tls = new TestTls();
    const { server } = await start(undefined, 0, { tls: tls.listener });
    const sockets = await Promise.all(
      Array.from({ length: 110 }, async () => {
        const socket = connect(server.port, '127.0.0.1').on('error', () => undefined);
        await once(socket, 'connect');
        return socket;
      }),
    );
    const ca = tls.authority.cert;
    for (let probe = 0; probe < 10; probe++) expect(await secureStatus(server.port, { ca })).toBe(200);
    for (const socket of sockets) socket.destroy();
  });

  it('tells what a person should know of a process that is ready', async () => {
    const { ask } = await start(undefined, 0, { warnings: ['plaintext on 0.0.0.0'] });
    expect(await ask('/readyz')).toMatchObject({
      status: 200,
      body: '{"ready":true,"reasons":[],"warnings":["plaintext on 0.0.0.0"]}\n',
    });
  });
});
