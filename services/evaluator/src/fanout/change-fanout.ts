/**
 * Tells the streams of an environment that it changed, and no others. A stream
 * is a cursor and a dirty bit, so telling it twice costs nothing and telling it
 * late costs no truth: it looks at the newest state when it is told.
 *
 * Holds true: the first change leaves at once; long rounds let the event loop
 * run in between, so evaluations do not wait for streams.
 */
import type { Logger } from '@flagstream/runtime';
import type { EnvironmentReplica } from '../state/environment-replica.ts';

export interface FanoutMember {
  /** The environment has another state, or is gone. */
  changed(): void;
}

const WRITES_BEFORE_YIELD = 200;

export class ChangeFanout {
  readonly #logger: Logger;
  readonly #members = new Map<EnvironmentReplica, Set<FanoutMember>>();
  readonly #pending = new Set<EnvironmentReplica>();
  #running = false;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  add(environment: EnvironmentReplica, member: FanoutMember): void {
    const members = this.#members.get(environment);
    if (members === undefined) this.#members.set(environment, new Set([member]));
    else members.add(member);
  }

  remove(environment: EnvironmentReplica, member: FanoutMember): void {
    const members = this.#members.get(environment);
    members?.delete(member);
    if (members?.size === 0) this.#members.delete(environment);
  }

  /** Environments that changed. Returns when the first members were told. */
  changed(environments: Iterable<EnvironmentReplica>): void {
    for (const environment of environments)
      if (this.#members.has(environment)) this.#pending.add(environment);
    if (!this.#running && this.#pending.size > 0) this.#run(this.#round());
  }

  /** Tells until it is time to yield, and goes on after the event loop had its turn. */
  #run(round: Iterator<FanoutMember>): void {
    this.#running = true;
    for (let written = 0; written < WRITES_BEFORE_YIELD; written++) {
      const next = round.next();
      if (next.done === true) {
        this.#running = false;
        return;
      }
      this.#tell(next.value);
    }
    setImmediate(() => this.#run(round));
  }

  /** An environment that changes again during its round gets another one; members that left are left out. */
  *#round(): Generator<FanoutMember> {
    for (const environment of this.#pending) {
      this.#pending.delete(environment);
      yield* this.#members.get(environment) ?? [];
    }
  }

  #tell(member: FanoutMember): void {
    try {
      member.changed();
    } catch (err) {
      this.#logger.error({ err }, 'a stream failed to take a change');
    }
  }
}
