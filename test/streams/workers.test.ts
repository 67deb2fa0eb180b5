// Several evaluators behind one port, as real processes: what one of them suffers, the others' clients do not notice.

import { writeFileSync } from 'node:fs';
import process from 'node:process';
import { expect, test } from 'vitest';
import { TlsSite } from '../keys/tls-nodes.ts';
import { runFlagstream, startFlagstream } from '../support/flagstream.ts';
import { freePort } from '../support/free-port.ts';
import type { TestProcess } from '../support/process.ts';
import { hold } from '../support/resources.ts';
import { scrape } from '../support/scrape.ts';
import { tempDir } from '../support/temp-dir.ts';
import { until } from '../support/until.ts';
import { DeliverySite } from './delivery-site.ts';
import { ThinClient } from './thin-client.ts';

const CLIENTS = 20;
/** Several processes load at once, beside other tests: only what hangs takes so long. */
const TIMEOUT_MS = 120_000;

interface WorkerView {
  readonly index: number;
  readonly nodeId: string;
  readonly state: string;
  readonly pid: number;
  readonly managementPort: number;
  readonly restarts: number;
  readonly revision: number;
}

interface Page {
  readonly ready: boolean;
  readonly grpcPort: number;
  readonly workers: readonly WorkerView[];
}

/** A supervisor with two workers that follow a control plane. */
class Supervised {
  readonly process: TestProcess;
  readonly managementPort: number;

  private constructor(supervisor: TestProcess, managementPort: number) {
    this.process = supervisor;
    this.managementPort = managementPort;
  }

  static async start(site: DeliverySite, ...settings: string[]): Promise<Supervised> {
    const managementPort = await freePort();
    const supervisor = startFlagstream([
      'serve',
      '--role=evaluator',
      '--workers=2',
      '--node-id=ev',
      '--grpc-port=0',
      `--management-port=${managementPort}`,
      '--workers-management-port=0',
      `--control-plane-address=${site.address}`,
      ...settings,
    ]);
    await supervisor.waitForReady(managementPort, TIMEOUT_MS);
    return new Supervised(supervisor, managementPort);
  }

  async page(): Promise<Page> {
    return (await (await fetch(`http://127.0.0.1:${this.managementPort}/readyz`)).json()) as Page;
  }

  bothReady(restarts = 0): Promise<Page> {
    return until(
      async () => {
        const page = await this.page();
        const all = page.workers.every(({ state }) => state === 'ready');
        return all && page.workers.reduce((sum, worker) => sum + worker.restarts, 0) === restarts && page;
      },
      { what: `two workers to be ready after ${restarts} restarts`, timeoutMs: TIMEOUT_MS },
    );
  }
}

function connectionsOf(workers: readonly WorkerView[]): Promise<number[]> {
  return Promise.all(
    workers.map(({ managementPort }) => scrape(managementPort, 'flagstream_grpc_connections')),
  );
}

test('one that is killed is replaced, its clients come back, and the others keep their streams', async () => {
  const site = await DeliverySite.start();
  const supervised = await Supervised.start(site, `--cache-dir=${tempDir('workers')}`);
  const { grpcPort, workers } = await supervised.bothReady();
  const clients = await site.connect(grpcPort, CLIENTS);
  const connections = await connectionsOf(workers);
  expect(Math.min(...connections)).toBeGreaterThan(0);
  expect(connections[0]! + connections[1]!).toBe(CLIENTS);

  const names = async (): Promise<string[]> => (await site.nodes()).map(({ nodeId }) => nodeId);
  await until(async () => (await names()).join() === 'ev-0,ev-1', {
    what: 'a name for each of them',
    timeoutMs: TIMEOUT_MS,
  });
  await site.admin.createBoolean('checkout');
  const { revision } = await site.admin.setEnabled('checkout', false);
  const counted = await site.until(revision, ({ complete }) => complete, 'all clients of both to have it');
  expect(counted).toMatchObject({ applied: CLIENTS, owing: 0, nodes: 2, nodesApplied: 2 });

  const [killed, other] = workers;
  process.kill(killed!.pid, 'SIGKILL');
  const cut = await until(
    () => {
      const ended = clients.filter((client) => client.ended !== undefined);
      return ended.length === connections[0] && ended;
    },
    { what: 'the streams of the one that was killed to end', timeoutMs: TIMEOUT_MS },
  );
  const back = cut.map(({ instanceId }) => new ThinClient(grpcPort, instanceId));
  for (const client of back)
    hold({ what: client.instanceId, release: () => client.vanish(), releaseNow: () => undefined });
  await until(() => back.every((client) => client.revision === revision), {
    what: 'its clients to be back',
    timeoutMs: TIMEOUT_MS,
  });

  const after = await supervised.bothReady(1);
  expect(after.workers[0]).toMatchObject({ nodeId: 'ev-0', restarts: 1, state: 'ready' });
  expect(after.workers[0]!.pid).not.toBe(killed!.pid);
  expect(after.workers[1]).toMatchObject({
    pid: other!.pid,
    restarts: 0,
    managementPort: other!.managementPort,
  });
  expect(after.grpcPort).toBe(grpcPort);
  expect(await scrape(supervised.managementPort, 'flagstream_worker_restarts_total')).toBe(1);
  expect(await scrape(supervised.managementPort, 'flagstream_workers{state="ready"}')).toBe(2);

  // Until its first report, the clients of the one before it are its.
  const held = (await connectionsOf(after.workers)).join();
  const reported = async (): Promise<string> => (await site.nodes()).map((node) => node.clients).join();
  await until(async () => (await reported()) === held, {
    what: 'both to have reported',
    timeoutMs: TIMEOUT_MS,
  });
  const next = await site.admin.setEnabled('checkout', true);
  const whole = await site.until(next.revision, ({ complete }) => complete, 'everybody to have the next one');
  expect(whole).toMatchObject({ applied: CLIENTS, departed: 0, nodes: 2 });
  expect(clients.filter(({ ended }) => ended !== undefined)).toEqual(cut);
  expect(back.filter(({ ended }) => ended !== undefined)).toEqual([]);

  // Its output ends when nobody holds it any more: no process is left.
  expect(await supervised.process.stop()).toEqual({ code: 0, signal: null });
  await until(async () => (await names()).length === 0, {
    what: 'both to have taken leave',
    timeoutMs: TIMEOUT_MS,
  });
  const said = supervised.process.lines.filter(({ stream }) => stream === 'stdout');
  expect(said.filter(({ json }) => json === undefined)).toEqual([]);
  const deaths = said.filter(({ json }) => json?.['signal'] === 'SIGKILL').map(({ json }) => json);
  expect(deaths).toMatchObject([{ level: 'error', worker: 0, pid: killed!.pid, exit_code: null }]);
});

test('one that hangs is unready within seconds, is replaced, and the others keep their streams', async () => {
  const site = await DeliverySite.start();
  const supervised = await Supervised.start(site);
  const { grpcPort, workers } = await supervised.bothReady();
  const clients = await site.connect(grpcPort, CLIENTS);
  const [hung, other] = workers;
  const [atHung] = await connectionsOf(workers);
  process.kill(hung!.pid, 'SIGSTOP');
  const [unready] = await until(
    async () => {
      const page = await supervised.page();
      return page.ready && page.workers[0]!.state === 'unready' && page.workers;
    },
    { what: 'it not to count as ready, beside one that does', timeoutMs: TIMEOUT_MS },
  );
  expect(unready!.pid).toBe(hung!.pid);
  const after = await supervised.bothReady(1);
  expect(after.workers[0]!.pid).not.toBe(hung!.pid);
  expect(after.workers[1]).toMatchObject({ pid: other!.pid, restarts: 0 });
  const ended = await until(
    () => {
      const cut = clients.filter((client) => client.ended !== undefined);
      return cut.length === atHung && cut;
    },
    { what: 'the streams of the one that hung to end', timeoutMs: TIMEOUT_MS },
  );
  await site.connect(grpcPort, ended.length, 'next');
  expect(clients.filter((client) => client.ended !== undefined)).toEqual(ended);
  expect(supervised.process.lines.filter(({ json }) => json?.['level'] === 'error')).toMatchObject([
    { json: { worker: 0, pid: hung!.pid, msg: 'a worker is ended: it answers nothing' } },
    { json: { worker: 0, pid: hung!.pid, signal: 'SIGKILL' } },
  ]);
});

test('both answer OFREP behind one port', async () => {
  const site = await DeliverySite.start();
  const ofrepPort = await freePort();
  const supervised = await Supervised.start(site, `--ofrep-port=${ofrepPort}`);
  const { workers } = await supervised.bothReady();
  const ask = async (): Promise<number> => {
    const url = `http://127.0.0.1:${ofrepPort}/ofrep/v1/evaluate/flags`;
    // A connection each: they go to the workers in turn.
    return (await fetch(url, { method: 'POST', headers: { connection: 'close' } })).status;
  };
  for (let asked = 0; asked < 4; asked++) expect(await ask()).toBe(200);
  const answered = await Promise.all(
    workers.map(({ managementPort }) =>
      scrape(managementPort, 'flagstream_ofrep_requests_total{route="flags",status="200"}'),
    ),
  );
  expect(answered).toEqual([2, 2]);
  process.kill(workers[0]!.pid, 'SIGKILL');
  await supervised.bothReady(1);
  for (let asked = 0; asked < 4; asked++) expect(await ask()).toBe(200);
});

test('workers whose supervisor is killed stop in order, and none is left', async () => {
  const site = await DeliverySite.start();
  const supervised = await Supervised.start(site);
  const { grpcPort } = await supervised.bothReady();
  const clients = await site.connect(grpcPort, 4);
  await until(async () => (await site.nodes()).length === 2, { what: 'two nodes', timeoutMs: TIMEOUT_MS });
  expect(await supervised.process.kill('SIGKILL')).toEqual({ code: null, signal: 'SIGKILL' });
  await until(async () => (await site.nodes()).length === 0, {
    what: 'both to have taken leave',
    timeoutMs: TIMEOUT_MS,
  });
  await until(() => clients.every(({ ended }) => ended !== undefined), {
    what: 'the end of all streams',
    timeoutMs: TIMEOUT_MS,
  });
});

test('SIGHUP makes all of them read their certificates again, and ends none', async () => {
  const site = await DeliverySite.start();
  const tls = new TlsSite();
  const node = await tls.start('evaluator', [
    '--workers=2',
    '--workers-management-port=0',
    `--control-plane-address=${site.address}`,
  ]);
  const page = async (): Promise<Page> => JSON.parse((await tls.ask(node, '/readyz')).text) as Page;
  const bothReady = async (): Promise<boolean> =>
    (await page()).workers.every(({ state, restarts }) => state === 'ready' && restarts === 0);
  await until(bothReady, { what: 'both to be ready', timeoutMs: TIMEOUT_MS });
  // What does not fit is answered each time that somebody asks.
  writeFileSync(node.files.certFile, 'no certificate');
  process.kill(node.process.pid!, 'SIGHUP');
  const heard = (): string[] =>
    node.process.lines
      .filter(({ json }) => json?.['cause'] === 'SIGHUP')
      .map(({ json }) => String(json?.['service']))
      .sort();
  await until(() => heard().length === 3, { what: 'the answers of all three', timeoutMs: TIMEOUT_MS });
  expect(heard()).toEqual(['evaluator', 'evaluator', 'supervisor']);
  expect(await bothReady()).toBe(true);
});

test('a second signal ends all of them at once', async () => {
  const site = await DeliverySite.start();
  const supervised = await Supervised.start(site, '--drain-ms=30000');
  const { grpcPort } = await supervised.bothReady();
  await site.connect(grpcPort, 4);
  process.kill(supervised.process.pid!, 'SIGTERM');
  const told = (): number =>
    supervised.process.lines.filter(({ json }) => json?.['msg'] === 'stopping: the supervisor stops').length;
  await until(() => told() === 2, { what: 'both to be told', timeoutMs: TIMEOUT_MS });
  expect(await supervised.process.kill('SIGTERM')).toEqual({ code: 143, signal: null });
});

test('what one evaluator does not start with, several do not start with either, and say the same', async () => {
  const site = await DeliverySite.start();
  const taken = Number(site.address.split(':')[1]);
  const ports = ['--management-port=0', '--workers-management-port=0'];
  const follows = [...ports, `--control-plane-address=${site.address}`];
  const serve = (...words: string[]): ReturnType<typeof runFlagstream> =>
    runFlagstream(['serve', '--role=evaluator', ...words]);
  for (const [reason, code, settings] of [
    ['CONFIG_INVALID', 78, [...ports, '--grpc-port=0']],
    ['PORT_IN_USE', 1, [...follows, `--grpc-port=${taken}`]],
  ] as const) {
    const [alone, several] = await Promise.all([serve(...settings), serve(...settings, '--workers=2')]);
    expect(several).toMatchObject({ code, stderr: alone.stderr });
    expect(several.stderr).toContain(reason);
  }
  const ofWorker = await serve(
    ...follows,
    '--grpc-port=0',
    '--workers=2',
    `--workers-management-port=${taken}`,
  );
  expect(ofWorker.code).toBe(1);
  // The second worker's may be somebody's as well, and be told first.
  const told = /port (\d+) \(evaluator management\) is in use/.exec(ofWorker.stderr)?.[1];
  expect([taken, taken + 1]).toContain(Number(told));
});
