/** What a supervisor knows of each of its workers, and what that makes of the whole. Pure: time is an argument. */
import type { Readiness } from '@flagstream/runtime';
import { nextRestart } from './restart-policy.ts';
import type { WorkerFailure, WorkerMessage } from './worker-messages.ts';

/** `starting`: it has no state yet, and its port is closed. `down`: it ended, and will be started again. */
export const WORKER_STATES = ['starting', 'ready', 'unready', 'down'] as const;
export type WorkerState = (typeof WORKER_STATES)[number];

/**
 * Times that a process is asked, a second apart, whether it lives, until it is taken for hung. Its clients leave one that
 * is silent for 25 s (2.5 heartbeats). A loop that is well is held for seconds at the worst: by a snapshot of 100,000
 * flags that is compiled anew, on a busy machine.
 */
export const UNANSWERED_MAX = 30;
/** Before its ports are open nobody waits for it, and it may load for long. */
const UNANSWERED_AT_START_MAX = 120;
/** From here on it does not count as ready. */
const UNANSWERED_READY_MAX = 3;

/** Of one process; another one begins anew. */
interface Life {
  readonly pid: number | undefined;
  readonly sinceMs: number;
  readonly started?: Extract<WorkerMessage, { readonly type: 'started' }>;
  readonly standing?: Extract<WorkerMessage, { readonly type: 'state' }>;
  readonly failure?: WorkerFailure;
}

export class WorkerRecord {
  readonly index: number;
  readonly nodeId: string;
  #life: Life | undefined;
  #lives = 0;
  #ranBefore = false;
  #unanswered = 0;
  /** In a row, none after a long life. */
  #deaths = 0;

  constructor(index: number, nodeId: string) {
    this.index = index;
    this.nodeId = nodeId;
  }

  get state(): WorkerState {
    if (this.#life === undefined) return 'down';
    if (!this.isOpen) return 'starting';
    const answers = this.#unanswered <= UNANSWERED_READY_MAX;
    return answers && this.#life.standing?.ready === true ? 'ready' : 'unready';
  }

  /** It has not answered for so long that it never will. */
  get isHung(): boolean {
    return this.#unanswered >= (this.isOpen ? UNANSWERED_MAX : UNANSWERED_AT_START_MAX);
  }

  get pid(): number | undefined {
    return this.#life?.pid;
  }

  /** Its ports are open. */
  get isOpen(): boolean {
    return this.#life?.started !== undefined;
  }

  /** It, or one before it, had its ports open. */
  get ranBefore(): boolean {
    return this.#ranBefore;
  }

  get rereadsOnHangup(): boolean {
    return this.#life?.started?.rereadsOnHangup === true;
  }

  get grpcPort(): number | undefined {
    return this.#life?.started?.grpcPort;
  }

  /** Why it ends, as far as it said so. */
  get failure(): WorkerFailure | undefined {
    return this.#life?.failure;
  }

  get restarts(): number {
    return Math.max(0, this.#lives - 1);
  }

  forked(pid: number | undefined, nowMs: number): void {
    this.#life = { pid, sinceMs: nowMs };
    this.#lives += 1;
    this.#unanswered = 0;
  }

  /**
   * It is asked whether it lives. Counted by questions and not by a clock: a supervisor that was held up, as when the
   * whole machine was, has asked nothing meanwhile.
   */
  asked(): void {
    this.#unanswered += 1;
  }

  heard(message: WorkerMessage): void {
    if (this.#life === undefined) return;
    this.#unanswered = 0;
    if (message.type === 'started') {
      this.#ranBefore = true;
      this.#life = { ...this.#life, started: message };
    } else if (message.type === 'state') this.#life = { ...this.#life, standing: message };
    else if (message.type === 'failed') this.#life = { ...this.#life, failure: message.failure };
  }

  /** Answers in how many milliseconds it is to be started again. */
  ended(nowMs: number): number {
    const livedMs = nowMs - (this.#life?.sinceMs ?? nowMs);
    const { deaths, delayMs } = nextRestart(this.#deaths, livedMs);
    this.#deaths = deaths;
    this.#life = undefined;
    return delayMs;
  }

  /** As /readyz tells it. */
  view(): Readonly<Record<string, unknown>> {
    const { index, nodeId, state, restarts, pid } = this;
    const { started, standing } = this.#life ?? {};
    const { epoch, revision } = standing ?? {};
    return { index, nodeId, state, pid, managementPort: started?.managementPort, restarts, epoch, revision };
  }
}

/**
 * Ready with one worker that is: the port is open then, to workers alone that have a state. How many are missing is for
 * who watches the numbers; sending everybody elsewhere for one worker would make of its death that of all.
 */
export function readinessOf(workers: readonly WorkerRecord[]): Readiness {
  const ready = workers.some(({ state }) => state === 'ready');
  const reasons = ready ? [] : workers.map(({ index, state }) => `worker ${index} is ${state}`);
  const grpcPort = workers.find(({ isOpen }) => isOpen)?.grpcPort;
  return { ready, reasons, details: { grpcPort, workers: workers.map((worker) => worker.view()) } };
}
