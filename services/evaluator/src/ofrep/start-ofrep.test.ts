import { once } from 'node:events';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { TestAuthority } from '../../../../test/support/certificates.ts';
import { tempDir } from '../../../../test/support/temp-dir.ts';
import { until } from '../../../../test/support/until.ts';
import { failure, start, testConfig, testLogger } from '../evaluator.fixture.ts';
import { MemoryLog, shopLog } from '../log.fixture.ts';
import { startEvaluator } from '../start-evaluator.ts';
import { askFlag, askFlags, EventReader, eventsUrl } from './ofrep.fixture.ts';

const EVALUATE = '/ofrep/v1/evaluate/flags/new-checkout';

describe('the OFREP port', () => {
  it('is told of in the log, and refused by name when somebody else has it', async () => {
    const { evaluator, logs } = await start(shopLog());
    const line = logs.find(({ msg }) => msg === 'the evaluator listens');
    expect(line).toMatchObject({ ofrep_port: evaluator.ofrepPort });
    const log = shopLog();
    const { logger } = testLogger();
    const deps = { source: log, snapshots: log, authority: log, logger };
    const error = await failure(startEvaluator(testConfig({ ofrepPort: evaluator.ofrepPort }), deps));
    expect(error.reason).toBe('PORT_IN_USE');
    expect(error.message).toContain('evaluator OFREP');
  });

  it('that is shared opens with the first state', async () => {
    const log = new MemoryLog();
    const held = log.records.splice(0);
    const starting = start(log, { sharesPort: true, monotonicMs: () => 0 });
    log.records.push(...held);
    await until(() => log.opened.length > 0, { what: 'a follower' });
    log.deliver(...held);
    expect((await askFlag(await starting, 'x')).status).toBe(404);
  });

  it('answers what was asked before a stop, and ends streams, within the time of a stop', async () => {
    const started = await start(shopLog(), {}, { drainMs: 200 });
    const stream = new EventReader(eventsUrl(started));
    await until(() => stream.events.length > 0, { what: 'a stream' });
    const socket = connect(started.evaluator.ofrepPort, '127.0.0.1');
    await once(socket, 'connect');
    let said = '';
    socket.on('data', (data) => {
      said += String(data);
    });
    const body = '{"context":{}}';
    socket.write(`POST ${EVALUATE} HTTP/1.1\r\nhost: localhost\r\ncontent-length: ${body.length}\r\n\r\n{`);
    await until(
      async () => {
        const { managementPort } = started.evaluator;
        const text = await (await fetch(`http://127.0.0.1:${managementPort}/metrics`)).text();
        return text.includes('flagstream_ofrep_held_bytes 1\n');
      },
      { what: 'the beginning of a request' },
    );
    const stopped = started.evaluator.close();
    await until(() => stream.ended, { what: 'the end of the stream' });
    socket.write(body.slice(1));
    await until(() => said.includes('"value":true'), { what: 'the answer' });
    await stopped;
    await expect(once(connect(started.evaluator.ofrepPort, '127.0.0.1'), 'connect')).rejects.toThrow(
      /ECONNREFUSED/,
    );
  });

  it('tells who asks while it stops to go elsewhere', async () => {
    const started = await start(shopLog(), {}, { drainMs: 2_000 });
    const stream = new EventReader(eventsUrl(started));
    await until(() => stream.events.length > 0, { what: 'a stream' });
    const stopped = started.evaluator.close();
    const replies: (string | undefined)[] = [];
    await until(
      async () => {
        const reply = await askFlags(started).catch(() => undefined);
        if (reply === undefined) return true;
        replies.push(reply.headers.connection);
        return reply.headers.connection === 'close';
      },
      { what: 'a goodbye' },
    );
    await stopped;
  });

  it('speaks TLS where the gRPC port does, and HTTP/1.1 within, whatever a client would rather have', async () => {
    const authority = new TestAuthority();
    const started = await start(
      shopLog(),
      {},
      { tls: authority.issueFiles(tempDir('ofrep-tls'), 'evaluator') },
    );
    const port = started.evaluator.ofrepPort;
    const socket = connectTls({
      port,
      host: '127.0.0.1',
      ca: authority.cert,
      ALPNProtocols: ['h2', 'http/1.1'],
    });
    await once(socket, 'secureConnect');
    expect(socket.alpnProtocol).toBe('http/1.1');
    let said = '';
    socket.on('data', (data) => {
      said += String(data);
    });
    socket.write('POST /ofrep/v1/evaluate/flags HTTP/1.1\r\nhost: localhost:1\r\ncontent-length: 0\r\n\r\n');
    await until(() => said.includes('"https://localhost:1/ofrep/v1/sse'), { what: 'an answer' });
    socket.destroy();
    await expect(askFlag(started, 'new-checkout')).rejects.toThrow();
  });

  it('cuts a connection that speaks HTTP/2, and lives on', async () => {
    const started = await start(shopLog());
    const socket = connect(started.evaluator.ofrepPort, '127.0.0.1').on('error', () => undefined);
    socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
    socket.resume();
    await once(socket, 'close');
    expect((await askFlag(started, 'new-checkout')).status).toBe(200);
  });
});
