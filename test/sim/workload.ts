/**
 * Who uses the cluster: writers that repeat an operation until they know its
 * fate, and reads all over the place.
 */
import { LIMITS } from '@flagstream/protocol';
import type { EntityChange, Position } from '@flagstream/replica';
import type { Cluster } from './cluster.ts';
import type { WriteAnswer } from './nodes/control-plane.ts';
import {
  config,
  ENVIRONMENT,
  flag,
  OTHER_ENVIRONMENT,
  pair,
  removed,
  SINGLES,
  VARIANTS,
} from './world/content.ts';
import { Process } from './world/process.ts';

const WRITE_TIMEOUT_MS = 2_000;
const WRITERS = 2;
const PAUSE_MS = { min: 100, max: 3_500 } as const;
const READ_EVERY_MS = 1_000;
const NO_DIGEST = new Uint8Array(0);
const ACTOR = { id: 'writer', kind: 'user' };

export class Workload {
  readonly #cluster: Cluster;
  readonly #writers: readonly Writer[];
  #stopped = false;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
    this.#writers = Array.from({ length: WRITERS }, (_, i) => new Writer(cluster, `w${i + 1}`));
  }

  start(): void {
    for (const writer of this.#writers) writer.start();
    this.#read();
  }

  /** No new operations; those under way go on until their fate is known. */
  stop(): void {
    this.#stopped = true;
    for (const writer of this.#writers) writer.stopped = true;
  }

  /** One change more, that everybody must get: a client that refused something is sent nothing before. */
  last(): void {
    this.one(() => undefined);
  }

  /** One operation; `done` is told where it is. */
  one(done: (position: Position) => void): void {
    this.#writers[0]!.one(done);
  }

  /** Every operation's fate is known. */
  get idle(): boolean {
    return this.#writers.every((writer) => writer.idle);
  }

  #read(): void {
    const { world, evaluators, clients } = this.#cluster;
    for (const evaluator of evaluators) if (evaluator.up) evaluator.evaluate(undefined);
    const client = world.random.pick(clients);
    if (client.up) client.read();
    if (!this.#stopped) world.after(READ_EVERY_MS, () => this.#read());
  }
}

class Writer extends Process {
  readonly #cluster: Cluster;
  #operations = 0;
  #pending = 0;
  stopped = false;

  constructor(cluster: Cluster, name: string) {
    super(cluster.world, name);
    this.#cluster = cluster;
  }

  /** Every operation's fate is known. */
  get idle(): boolean {
    return this.#pending === 0;
  }

  protected started(): void {
    this.#pause();
  }

  protected crashed(): void {
    // Writers do not crash: who forgets an operation is told nothing about it.
  }

  one(done: (position: Position) => void): void {
    this.#operate(pair(`v${this.world.random.int(0, VARIANTS - 1)}`), done);
  }

  #pause(): void {
    const { random } = this.world;
    this.after(random.int(PAUSE_MS.min, PAUSE_MS.max), () => {
      if (!this.stopped) this.#operate(someChanges(random), () => this.#pause());
    });
  }

  #operate(changes: readonly EntityChange[], done: (position: Position) => void): void {
    this.#operations += 1;
    this.#pending += 1;
    this.#try(`${this.name}-${this.#operations}`, changes, (position) => {
      this.#pending -= 1;
      done(position);
    });
  }

  /** Reads what it has just written, from any evaluator. */
  #readBack(position: Position): void {
    const { network, evaluators } = this.#cluster;
    const evaluator = this.world.random.pick(evaluators);
    network.send(this, evaluator, () => {
      evaluator.evaluateAt(position, LIMITS.minRevisionWaitMs);
    });
  }

  /** The same operation again, until its fate is known. */
  #try(opId: string, changes: readonly EntityChange[], done: (position: Position) => void): void {
    const { network, controlPlane, history } = this.#cluster;
    network.ask<WriteAnswer>(
      this,
      controlPlane,
      WRITE_TIMEOUT_MS,
      (answer) =>
        answer(controlPlane.write({ opId, requestDigest: NO_DIGEST, actor: ACTOR, comment: '', changes })),
      (answer) => {
        if (answer?.kind === 'ok') {
          const { position } = answer;
          this.say(`${opId} is e${position.epoch}.${position.revision}`);
          history.observe({ type: 'acknowledged', opId, position });
          this.#readBack(position);
          done(position);
        } else this.after(this.world.random.int(100, 500), () => this.#try(opId, changes, done));
      },
    );
  }
}

function someChanges(random: Cluster['world']['random']): readonly EntityChange[] {
  const variant = `v${random.int(0, VARIANTS - 1)}`;
  const single = random.pick(SINGLES);
  const dice = random.next();
  if (dice < 0.45) return pair(variant);
  if (dice < 0.6) return [config(ENVIRONMENT, single, variant)];
  if (dice < 0.75) return [config(OTHER_ENVIRONMENT, single, variant)];
  if (dice < 0.85) return removed(single);
  if (dice < 0.93) return [flag(single), config(ENVIRONMENT, single, variant), ...pair(variant)];
  // What no evaluator can compile.
  if (dice < 0.97) return [config(ENVIRONMENT, single, 'missing'), ...pair(variant)];
  return [];
}
