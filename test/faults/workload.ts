// What runs while something is broken: one client writes a pair of flags that are always equal, two compete for a
// third one with preconditions, and each evaluator is read all the time. Evaluation must never fail.

import { setTimeout as delay } from 'node:timers/promises';
import { checkHistory, type Judgement } from '../history/check-history.ts';
import { HistoryRecorder } from '../history/history-recorder.ts';
import { hold } from '../support/resources.ts';
import { until } from '../support/until.ts';
import type { FaultEvaluator, FaultSite } from './fault-site.ts';
import { ReadClient } from './read-client.ts';
import { readLog } from './read-log.ts';
import { type Acknowledged, WriteClient } from './write-client.ts';

export interface WorkloadOptions {
  /** Between two writes of one client. Default 20. */
  readonly writePauseMs?: number;
  /** Between two reads of one evaluator. Default 20. */
  readonly readPauseMs?: number;
}

const PAIR = ['left', 'right'] as const;
const CONTESTED = 'contested';
const KEYS = [...PAIR, CONTESTED];
const COMPETITORS = 2;
/** Each so many writes are read back on every evaluator. */
const READ_BACK_EACH = 5;
const PROGRESS_TIMEOUT_MS = 60_000;
const ERRORS_KEPT = 5;
const SECOND_MS = 1_000;

export class Workload {
  readonly #site: FaultSite;
  readonly #writePauseMs: number;
  readonly #readPauseMs: number;
  readonly #recorder = new HistoryRecorder(() => performance.now());
  readonly #stopping = new AbortController();
  /** Stops what is asked again and again; later than `#stopping`. */
  readonly #giveUp = new AbortController();
  readonly #writers: readonly WriteClient[];
  readonly #readers: ReadonlyMap<FaultEvaluator, ReadClient>;
  readonly #loops: Promise<void>[] = [];
  readonly #readBacks = new Map<FaultEvaluator, Promise<void>>();
  readonly #errors: string[] = [];
  #writesPaused = false;
  #readsRecorded = true;
  #writesUnderWay = 0;
  #next = 1;
  readonly #evaluations: Map<FaultEvaluator, number>;
  #evaluationErrors = 0;

  private constructor(site: FaultSite, options: WorkloadOptions) {
    this.#site = site;
    this.#writePauseMs = options.writePauseMs ?? 20;
    this.#readPauseMs = options.readPauseMs ?? 20;
    this.#writers = Array.from(
      { length: 1 + COMPETITORS },
      () => new WriteClient(site.adminLink.port, this.#recorder, this.#giveUp.signal),
    );
    this.#readers = new Map(
      site.evaluators.map((evaluator) => [
        evaluator,
        new ReadClient(evaluator.node.grpcPort, evaluator.node.name, KEYS, this.#recorder),
      ]),
    );
    this.#evaluations = new Map(site.evaluators.map((evaluator) => [evaluator, 0]));
    hold({ what: 'workload', release: () => this.stop(0), releaseNow: () => undefined });
  }

  /** Writes the flags, waits until every evaluator that serves has them, and goes on from there. */
  static async start(site: FaultSite, options: WorkloadOptions = {}): Promise<Workload> {
    const workload = new Workload(site, options);
    await workload.write(KEYS);
    await site.converged();
    workload.#run();
    return workload;
  }

  get acknowledged(): number {
    return this.#recorder.acknowledged;
  }

  get evaluations(): number {
    return [...this.#evaluations.values()].reduce((sum, count) => sum + count, 0);
  }

  get evaluationErrors(): number {
    return this.#evaluationErrors;
  }

  /** The first few, with what was said. */
  get errors(): readonly string[] {
    return this.#errors;
  }

  /** Why writes were refused, of all clients. */
  get refusals(): readonly string[] {
    return this.#writers.flatMap(({ refusals }) => refusals);
  }

  /** Waits until so many more writes are acknowledged than now. */
  async moreWrites(count: number): Promise<void> {
    const wanted = this.acknowledged + count;
    await until(() => this.acknowledged >= wanted, {
      what: `${count} more acknowledged writes`,
      timeoutMs: PROGRESS_TIMEOUT_MS,
    });
  }

  /** Waits until so many more evaluations have been answered than now, by this evaluator or by any. */
  async moreEvaluations(count: number, by?: FaultEvaluator): Promise<void> {
    const answered = (): number => (by === undefined ? this.evaluations : (this.#evaluations.get(by) ?? 0));
    const wanted = answered() + count;
    await until(() => answered() >= wanted, {
      what: `${count} more evaluations${by === undefined ? '' : ` by ${by.node.name}`}`,
      timeoutMs: PROGRESS_TIMEOUT_MS,
    });
  }

  /** One write beside the loops, of the pair unless named. Undefined: it was refused, or not answered until the end. */
  write(keys: readonly string[] = PAIR): Promise<Acknowledged | undefined> {
    return this.#counted(() => this.#writers[0]!.setTogether(keys, this.#number()));
  }

  /** Resolves when no write is under way; the loops begin none until `resumeWrites`. */
  async pauseWrites(): Promise<void> {
    this.#writesPaused = true;
    await until(() => this.#writesUnderWay === 0, {
      what: 'the writes under way to end',
      timeoutMs: PROGRESS_TIMEOUT_MS,
    });
  }

  resumeWrites(): void {
    this.#writesPaused = false;
  }

  /** Evaluators are read and must answer; what they answer is known not to be of this log, and not recorded. */
  stopRecordingReads(): void {
    this.#readsRecorded = false;
  }

  recordReadsAgain(): void {
    this.#readsRecorded = true;
  }

  /** A fault lasts so long: meanwhile writes and evaluations go on, in each second of it. */
  async goesOnFor(durationMs: number): Promise<void> {
    const endMs = performance.now() + durationMs;
    while (performance.now() < endMs) {
      const writes = this.acknowledged;
      const evaluations = this.evaluations;
      await delay(SECOND_MS);
      await this.moreWrites(this.acknowledged > writes ? 0 : 1);
      await this.moreEvaluations(this.evaluations > evaluations ? 0 : 1);
    }
  }

  /** Large records that change none of the flags that are read: they fill the window of the stream. */
  async ballast(count: number, bytes: number): Promise<void> {
    for (let i = 0; i < count; i += 1) await this.#writers[0]!.setText('ballast', `${i}`.padEnd(bytes, '.'));
  }

  /** Ends the loops. Writes without an answer may ask for so long again. */
  async stop(patienceMs = 3_000): Promise<void> {
    this.#stopping.abort();
    const timer = setTimeout(() => this.#giveUp.abort(), patienceMs);
    await Promise.all(this.#loops);
    await Promise.all(this.#readBacks.values());
    clearTimeout(timer);
    this.#giveUp.abort();
    for (const client of [...this.#writers, ...this.#readers.values()]) client.close();
  }

  /** Reads the log of the control plane and checks everything that was recorded against it. After `stop`. */
  async judge(): Promise<Judgement> {
    const log = await readLog(this.#site.controlPlane.grpcPort, await this.#site.head(), KEYS);
    return checkHistory(this.#recorder.history(log));
  }

  #run(): void {
    const [pair, ...competitors] = this.#writers;
    this.#loops.push(
      this.#writeLoop(() => this.#writePair(pair!)),
      ...competitors.map((client) =>
        this.#writeLoop(async () => {
          await client.setIfUnchanged(CONTESTED, this.#number()).catch(toleratedRead);
        }),
      ),
      ...[...this.#readers].map(([evaluator, reader]) =>
        this.#loop(this.#readPauseMs, () =>
          this.#evaluate(evaluator, () => reader.read(() => this.#readsRecorded)),
        ),
      ),
    );
  }

  async #writePair(client: WriteClient): Promise<void> {
    const value = this.#number();
    const acknowledged = await client.setTogether(PAIR, value);
    if (acknowledged === undefined || value % READ_BACK_EACH !== 0) return;
    for (const [evaluator, reader] of this.#readers) this.#readBack(evaluator, reader, acknowledged);
  }

  /** At most one per evaluator at a time; the next one stands for those that were left out. */
  #readBack(evaluator: FaultEvaluator, reader: ReadClient, { place }: Acknowledged): void {
    if (this.#readBacks.has(evaluator)) return;
    const reading = this.#evaluate(evaluator, () => reader.readAtLeast(place)).finally(() => {
      this.#readBacks.delete(evaluator);
    });
    this.#readBacks.set(evaluator, reading);
  }

  /** Counts an evaluation, and its failure unless the node was taken away meanwhile. */
  async #evaluate(evaluator: FaultEvaluator, read: () => Promise<unknown>): Promise<void> {
    const { node } = evaluator;
    if (!node.serving) return;
    try {
      await read();
      this.#evaluations.set(evaluator, (this.#evaluations.get(evaluator) ?? 0) + 1);
    } catch (error) {
      if (!node.serving) return;
      this.#evaluationErrors += 1;
      if (this.#errors.length < ERRORS_KEPT) this.#errors.push(String(error));
    }
  }

  #writeLoop(write: () => Promise<void>): Promise<void> {
    return this.#loop(this.#writePauseMs, async () => {
      if (!this.#writesPaused) await this.#counted(write);
    });
  }

  async #counted<T>(write: () => Promise<T>): Promise<T> {
    this.#writesUnderWay += 1;
    try {
      return await write();
    } finally {
      this.#writesUnderWay -= 1;
    }
  }

  async #loop(pauseMs: number, step: () => Promise<void>): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await step();
      await delay(pauseMs, undefined, { signal }).catch(() => undefined);
    }
  }

  #number(): number {
    this.#next += 1;
    return this.#next;
  }
}

/** The competitors' own read before the write may fail while the control plane is away: they ask again. */
function toleratedRead(error: unknown): void {
  if (typeof (error as { code?: unknown }).code !== 'number') throw error;
}
