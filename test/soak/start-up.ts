// How long a control plane and an evaluator with an empty disk take to start, over logs of different length with
// the same flags. Real processes; from their start to readiness.

import { percentile } from '../bench/statistics.ts';
import { startFlagstream } from '../support/flagstream.ts';
import { freePort } from '../support/free-port.ts';
import { startNatsServer } from '../support/nats-server.ts';
import { tempDir } from '../support/temp-dir.ts';
import { until } from '../support/until.ts';

import { fillLog } from './fill-log.ts';

export interface StartUpTimes {
  readonly revisions: number;
  readonly controlPlaneMs: number;
  readonly evaluatorMs: number;
}

const FLAGS = 200;
const ROUNDS = 9;
/** Readiness is asked for this often: finer than what is compared. */
const ASK_MS = 5;

/** Logs of each length in turn, round by round, so that the machine's moods fall on all alike. */
export async function measureStartUp(lengths: readonly number[]): Promise<readonly StartUpTimes[]> {
  const nodes: LogUnderTest[] = [];
  for (const revisions of lengths) nodes.push(await LogUnderTest.fill(revisions));
  for (let round = 0; round < ROUNDS; round++) for (const node of nodes) await node.round();
  return nodes.map((node) => node.times());
}

class LogUnderTest {
  readonly #revisions: number;
  readonly #dataDir: string;
  readonly #natsUrl: string;
  readonly #controlPlaneMs: number[] = [];
  readonly #evaluatorMs: number[] = [];

  private constructor(revisions: number, dataDir: string, natsUrl: string) {
    this.#revisions = revisions;
    this.#dataDir = dataDir;
    this.#natsUrl = natsUrl;
  }

  static async fill(revisions: number): Promise<LogUnderTest> {
    const dataDir = tempDir(`growth-${revisions}`);
    await fillLog(dataDir, { flags: FLAGS, revisions });
    const nats = await startNatsServer();
    const log = new LogUnderTest(revisions, dataDir, nats.url);
    // The first start ships the log, or what the window holds of it; it is not counted.
    await log.#start(async (grpcPort, managementPort) => {
      await shipped(managementPort);
      await log.#startEvaluator(grpcPort);
    });
    return log;
  }

  async round(): Promise<void> {
    const ms = await this.#start(async (grpcPort, managementPort) => {
      await shipped(managementPort);
      this.#evaluatorMs.push(await this.#startEvaluator(grpcPort));
    });
    this.#controlPlaneMs.push(ms);
  }

  times(): StartUpTimes {
    return {
      revisions: this.#revisions,
      controlPlaneMs: percentile(this.#controlPlaneMs, 0.5),
      evaluatorMs: percentile(this.#evaluatorMs, 0.5),
    };
  }

  async #start(whileUp: (grpcPort: number, managementPort: number) => Promise<void>): Promise<number> {
    const [grpcPort, managementPort] = [await freePort(), await freePort()];
    return untilReady(
      ['--role=control-plane', `--data=${this.#dataDir}`, ...this.#ports(grpcPort, managementPort)],
      managementPort,
      () => whileUp(grpcPort, managementPort),
    );
  }

  async #startEvaluator(controlPlanePort: number): Promise<number> {
    const [grpcPort, managementPort] = [await freePort(), await freePort()];
    const address = `--control-plane-address=127.0.0.1:${controlPlanePort}`;
    return untilReady(
      ['--role=evaluator', address, ...this.#ports(grpcPort, managementPort)],
      managementPort,
      () => Promise.resolve(),
    );
  }

  #ports(grpcPort: number, managementPort: number): string[] {
    return [
      `--grpc-port=${grpcPort}`,
      `--management-port=${managementPort}`,
      `--nats-url=${this.#natsUrl}`,
      '--nats-prefix=growth',
    ];
  }
}

/** Milliseconds from the start of a role to its readiness; stops it afterwards. */
async function untilReady(
  role: readonly string[],
  managementPort: number,
  whileUp: () => Promise<void>,
): Promise<number> {
  const startedMs = performance.now();
  const process = startFlagstream(['serve', ...role]);
  try {
    await until(() => answers(`http://127.0.0.1:${managementPort}/readyz`), {
      what: `${role[0]} to be ready`,
      timeoutMs: 120_000,
      intervalMs: ASK_MS,
    });
    const readyMs = performance.now() - startedMs;
    await whileUp();
    return readyMs;
  } finally {
    await process.stop();
  }
}

/** Everything is in NATS: an evaluator that starts now has both to choose from. */
async function shipped(managementPort: number): Promise<void> {
  await until(
    async () => {
      const text = await (await fetch(`http://127.0.0.1:${managementPort}/metrics`)).text();
      return /^flagstream_unshipped_records 0$/m.test(text);
    },
    { what: 'the log to be shipped', timeoutMs: 600_000 },
  );
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).ok;
  } catch {
    return false;
  }
}
