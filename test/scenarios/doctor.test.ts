// `flagstream doctor` against real servers: sound ones, ones that cannot carry a log, ones that do not answer.

import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { evaluatorConfigSchema, startEvaluator } from '@flagstream/evaluator';
import { logStreamName } from '@flagstream/protocol';
import { connect, type JetStreamManager } from 'nats';
import { expect, test } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { type NatsServer, startNatsServer } from '../support/nats-server.ts';
import { requiresNats } from '../support/requires-nats.ts';
import { hold } from '../support/resources.ts';
import { runCommand } from '../support/run-command.ts';
import { tempDir } from '../support/temp-dir.ts';
import { unreadLogger } from '../support/unread-logger.ts';
import { until } from '../support/until.ts';
import { Transports } from '../transport/transports.ts';

interface Row {
  readonly part: string;
  readonly check: string;
  readonly verdict: string;
  readonly detail: string;
}

interface Diagnosis {
  readonly code: number | null;
  readonly rows: readonly Row[];
  /** Verdict by check. */
  readonly verdicts: Readonly<Record<string, string>>;
}

async function doctor(...words: string[]): Promise<Diagnosis> {
  const { code, stdout, stderr } = await runCommand(['doctor', ...words, '-o', 'json']);
  expect(stderr).toBe('');
  const rows = JSON.parse(stdout) as readonly Row[];
  return { code, rows, verdicts: Object.fromEntries(rows.map(({ check, verdict }) => [check, verdict])) };
}

async function manage(server: NatsServer): Promise<JetStreamManager> {
  const nc = await connect({ servers: server.url });
  hold({ what: 'connection of a test', release: () => nc.close(), releaseNow: () => undefined });
  return nc.jetstreamManager();
}

const config = (text: string): string => {
  const place = path.join(tempDir('nats-config'), 'nats.conf');
  writeFileSync(place, text);
  return place;
};

requiresNats().test('finds a nats-server sound, and leaves nothing behind', async () => {
  const server = await startNatsServer();
  const prefix = `${server.prefix}-sound`;
  const { code, verdicts } = await doctor('--nats-url', server.url, '--nats-prefix', prefix);
  expect(code).toBe(0);
  expect(verdicts).toEqual({
    connection: 'ok',
    version: server.version.startsWith('2.9.') ? 'warn' : 'ok',
    max_payload: 'ok',
    'JetStream storage': 'ok',
    'cas race': 'ok',
    'per-subject race': 'info',
    replicas: 'ok',
    'log stream': 'info',
    'sync interval': 'info',
  });
  const jsm = await manage(server);
  const ours = await jsm.streams.names(`${prefix}.>`).next();
  expect(ours).toEqual([]);
});

requiresNats().test('says which settings of our stream are not ours', async () => {
  const server = await startNatsServer();
  const prefix = `${server.prefix}-odd`;
  const jsm = await manage(server);
  await jsm.streams.add({ name: logStreamName(prefix, 3), subjects: [`${prefix}.log.3`], max_msgs: 7 });
  const { code, rows } = await doctor('--nats-url', server.url, '--nats-prefix', prefix);
  expect(code).toBe(0);
  const row = rows.find(({ check }) => check === 'log stream');
  expect(row).toMatchObject({ verdict: 'warn', detail: expect.stringContaining('max_msgs') });
});

requiresNats('2.9.0', { ownServer: true }).test(
  'refuses a nats-server that cannot carry the log',
  async () => {
    const monitorPort = await freePort();
    const server = await startNatsServer({
      config: config(
        `http: 127.0.0.1:${monitorPort}\nmax_payload: 65536\njetstream: { max_file_store: 1048576 }\n`,
      ),
    });
    const monitor = `http://127.0.0.1:${monitorPort}`;
    const { code, verdicts } = await doctor('--nats-url', server.url, '--nats-monitor', monitor);
    expect(code).toBe(1);
    expect(verdicts).toMatchObject({
      max_payload: 'fail',
      'JetStream storage': 'fail',
      'file store': 'fail',
    });
    expect(verdicts['sync interval']).toBe('info');
    const small = await doctor('--nats-url', server.url, '--nats-stream-bytes', '1000000');
    expect(small.verdicts).toMatchObject({ 'JetStream storage': 'ok', 'cas race': 'ok' });
  },
);

requiresNats().test('tells revisions and staleness of the nodes that are named', async () => {
  const transports = await Transports.start();
  await transports.admin.createBoolean('a');
  const { url, prefix } = transports.nats;
  const evaluator = await startEvaluator(
    evaluatorConfigSchema.parse({ grpcPort: 0, managementPort: 0, drainMs: 0, nats: { url, prefix } }),
    { logger: unreadLogger },
  );
  hold({ what: 'evaluator', release: () => evaluator.close(), releaseNow: () => undefined });
  await evaluator.ready();
  const controlPlane = `localhost:${transports.running.grpcPort}`;
  const revision = `revision e1.${transports.running.head().revision}`;
  const { code, rows } = await until(
    async () => {
      const found = await doctor('--server', controlPlane, '--evaluator', `localhost:${evaluator.grpcPort}`);
      return found.rows.every(({ verdict }) => verdict === 'ok') && found;
    },
    { what: 'an evaluator that has heard of the head' },
  );
  expect(code).toBe(0);
  expect(rows).toMatchObject([
    { part: `control plane ${controlPlane}`, detail: revision },
    {
      part: `evaluator localhost:${evaluator.grpcPort}`,
      detail: expect.stringContaining(`${revision}, at most`),
    },
  ]);
});

test('tells who does not answer, and what it needs to know', async () => {
  const silent = `127.0.0.1:${await freePort()}`;
  const [nobody, nothing, prefix] = await Promise.all([
    doctor('--nats-url', `nats://${silent}`, '--server', silent, '--evaluator', silent),
    runCommand(['doctor']),
    runCommand(['doctor', '--nats-url', `nats://${silent}`, '--nats-prefix', 'A.B']),
  ]);
  expect(nobody.code).toBe(6);
  expect(nobody.rows.map(({ check, verdict }) => `${check} ${verdict}`)).toEqual([
    'connection fail',
    'head fail',
    'freshness fail',
  ]);
  expect(nothing).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('--nats-url') });
  expect(prefix).toMatchObject({ code: 78, stdout: '', stderr: expect.stringContaining('nats.prefix') });
});
