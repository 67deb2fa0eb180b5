// How long a control plane and an evaluator with an empty disk take to start, over logs of different length with
// the same flags. Real processes; from their start to readiness.

import { percentile } from '../bench/statistics.ts';
import { startFlagstream } from '../support/flagstream.ts';
import { freePort } from '../support/free-port.ts';
import { startNatsServer } from '../support/nats-server.ts';
import { tempDir } from '../support/temp-dir.ts';
import { until } from '../support/until.ts';
import { type FilledLog, fillLog } from './fill-log.ts';
import { readBytes, readBytesMissing } from './read-bytes.ts';

/** Medians of all rounds. */
export interface StartUpFigures {
  readonly revisions: number;
  readonly controlPlaneMs: number;
  readonly evaluatorMs: number;
  /** From files and sockets, until ready. NaN where the kernel does not tell. */
  readonly controlPlaneReadBytes: number;
  readonly evaluatorReadBytes: number;
}

export interface StartUpOptions {
  /** In each log. */
  readonly flags: number;
  readonly rounds: number;
}

interface Start {
  readonly readyMs: number;
  readonly bytes: number;
}

/** Readiness is asked for this often: finer than what is compared. */
const ASK_MS = 5;

/** Logs of each length in turn, round by round, so that the machine's moods fall on all alike. */
export async function measureStartUp(
  lengths: readonly number[],
  { flags, rounds }: StartUpOptions,
): Promise<readonly StartUpFigures[]> {
  const logs: LogUnderTest[] = [];
  for (const revisions of lengths) {
    const log = await LogUnderTest.create();
    await log.growTo({ flags, revisions });
    logs.push(log);
  }
  for (let round = 0; round < rounds; round++) for (const log of logs) await log.round();
  return logs.map((log) => log.figures());
}

/** One log that grows from length to length, each started over once: little to fill, and no times to compare. */
export async function measureGrowingLog(
  lengths: readonly number[],
  flags: number,
): Promise<readonly StartUpFigures[]> {
  const log = await LogUnderTest.create();
  const figures: StartUpFigures[] = [];
  for (const revisions of lengths) {
    await log.growTo({ flags, revisions });
    await log.round();
    figures.push(log.figures());
  }
  return figures;
}

class LogUnderTest {
  readonly #dataDir: string = tempDir('growth');
  readonly #natsUrl: string;
  #revisions = 0;
  #controlPlanes: Start[] = [];
  #evaluators: Start[] = [];

  private constructor(natsUrl: string) {
    this.#natsUrl = natsUrl;
  }

  static async create(): Promise<LogUnderTest> {
    const { url } = await startNatsServer();
    return new LogUnderTest(url);
  }

  /** Starts that were counted before are forgotten. */
  async growTo(filled: FilledLog): Promise<void> {
    await fillLog(this.#dataDir, filled);
    this.#revisions = filled.revisions;
    this.#controlPlanes = [];
    this.#evaluators = [];
    // The first start ships the log, or what the window holds of it; it is not counted.
    await this.#start((_grpcPort, managementPort) => shipped(managementPort));
  }

  async round(): Promise<void> {
    const start = await this.#start(async (grpcPort, managementPort) => {
      await shipped(managementPort);
      this.#evaluators.push(await this.#startEvaluator(grpcPort));
    });
    this.#controlPlanes.push(start);
  }

  figures(): StartUpFigures {
    const median = (starts: readonly Start[], key: keyof Start): number =>
      percentile(
        starts.map((start) => start[key]),
        0.5,
      );
    return {
      revisions: this.#revisions,
      controlPlaneMs: median(this.#controlPlanes, 'readyMs'),
      evaluatorMs: median(this.#evaluators, 'readyMs'),
      controlPlaneReadBytes: median(this.#controlPlanes, 'bytes'),
      evaluatorReadBytes: median(this.#evaluators, 'bytes'),
    };
  }

  async #start(whileUp: (grpcPort: number, managementPort: number) => Promise<void>): Promise<Start> {
    const [grpcPort, managementPort] = [await freePort(), await freePort()];
    return untilReady(
      ['--role=control-plane', `--data=${this.#dataDir}`, ...this.#ports(grpcPort, managementPort)],
      managementPort,
      () => whileUp(grpcPort, managementPort),
    );
  }

  async #startEvaluator(controlPlanePort: number): Promise<Start> {
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

/** What a role takes from its start to its readiness; stops it afterwards. */
async function untilReady(
  role: readonly string[],
  managementPort: number,
  whileUp: () => Promise<void>,
): Promise<Start> {
  const startedMs = performance.now();
  const process = startFlagstream(['serve', ...role]);
  try {
    await until(() => answers(`http://127.0.0.1:${managementPort}/readyz`), {
      what: `${role[0]} to be ready`,
      timeoutMs: 120_000,
      intervalMs: ASK_MS,
    });
    const readyMs = performance.now() - startedMs;
    const bytes = readBytesMissing() === undefined ? readBytes(process.pid!) : Number.NaN;
    await whileUp();
    return { readyMs, bytes };
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
