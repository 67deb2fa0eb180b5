/**
 * A worker's side of its supervisor: tells what it is and that it lives, is told to stop, and
 * stops as well when the supervisor is gone, for its port went with it.
 */
import cluster, { type Worker } from 'node:cluster';
import process from 'node:process';
import type { Logger } from '@flagstream/runtime';
import type { RunningRole } from '../roles/roles.ts';
import {
  failureOf,
  type SupervisorMessage,
  type WorkerMessage,
  type WorkerStanding,
} from './worker-messages.ts';

/** Its state is looked at so often, and told when it is another one. */
const LOOK_MS = 200;

export class WorkerLink {
  readonly #worker: Worker;

  private constructor(worker: Worker) {
    this.#worker = worker;
  }

  /** Undefined in a process that no supervisor started. */
  static ofThisProcess(): WorkerLink | undefined {
    return cluster.worker === undefined ? undefined : new WorkerLink(cluster.worker);
  }

  /** @param stop false when that was not clean */
  stopWhenTold(logger: Logger, stop: () => Promise<boolean>): void {
    let stopping = false;
    const end = (why: string): void => {
      if (stopping) return;
      stopping = true;
      logger.info(why);
      void stop().then((clean) => process.exit(clean ? 0 : 1));
    };
    this.#worker.on('message', ({ type }: SupervisorMessage) => {
      if (type === 'stop') end('stopping: the supervisor stops');
      else this.#tell({ type: 'lives' });
    });
    this.#worker.once('disconnect', () => {
      // Node ends a worker at once whose primary is gone, unless it has been told that this is meant.
      this.#worker.exitedAfterDisconnect = true;
      end('stopping: the supervisor is gone');
    });
    this.#tell({ type: 'hears' });
  }

  started({ grpcPort, managementPort, readiness, applied }: RunningRole): void {
    const rereadsOnHangup = process.listenerCount('SIGHUP') > 0;
    this.#tell({ type: 'started', grpcPort, managementPort, rereadsOnHangup });
    let told: WorkerStanding | undefined;
    const look = (): void => {
      const ready = readiness?.().ready ?? true;
      const { epoch, revision } = applied?.() ?? { epoch: 0, revision: 0 };
      if (told?.ready === ready && told.epoch === epoch && told.revision === revision) return;
      told = { ready, epoch, revision };
      this.#tell({ type: 'state', ...told });
    };
    look();
    setInterval(look, LOOK_MS).unref();
  }

  /** Leaves it to the supervisor to say so, and ends the process. */
  failed(error: unknown): Promise<never> {
    const failure = failureOf(error);
    return new Promise(() => {
      this.#tell({ type: 'failed', failure }, () => process.exit(failure.exitCode));
    });
  }

  #tell(message: WorkerMessage, told: () => void = () => undefined): void {
    if (this.#worker.isConnected()) this.#worker.send(message, told);
    else told();
  }
}
