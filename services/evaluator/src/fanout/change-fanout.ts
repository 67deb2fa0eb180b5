/**
 * Tells the streams of an environment that it changed, and no others. A stream
 * is a cursor and a dirty bit, so telling it twice costs nothing and telling it
 * late costs no truth: it looks at the newest state when it is told.
 *
 * Holds true: the first change leaves at once; long rounds let the event loop
 * run in between, the more often while somebody evaluates, and are then paced by
 * the acknowledgements (push-pace.ts), so that evaluations do not wait for streams.
 */
import type { Logger } from '@flagstream/runtime';
import type { EnvironmentReplica } from '../state/environment-replica.ts';
import { PushPace } from './push-pace.ts';

export interface FanoutMember {
  /** An acknowledgement of it is on its way, or should be. Absent: it gives none. */
  readonly owesAcknowledgement?: boolean;
  /** The environment has another state, or is gone. */
  changed(): void;
}

/** Whoever evaluates beside the streams, who is not to wait for them. */
export interface Evaluations {
  /** Evaluations so far. */
  total(): number;
  readonly monotonicMs: () => number;
}

const WRITES_BEFORE_YIELD = 200;
/**
 * While somebody has evaluated within the last second. What was written is sent, and its acknowledgements are read,
 * before the next call is; but each yield costs the round as much as a write or two.
 */
const BUSY_WRITE_MS = 0.1;
const BUSY_FOR_MS = 1_000;
/** Writes between two looks at the clock. */
const WRITES_PER_LOOK = 2;
const LOOK_AGAIN_MS = 1;

export class ChangeFanout {
  readonly #logger: Logger;
  readonly #evaluations: Evaluations | undefined;
  #seen = { total: 0, ms: Number.NEGATIVE_INFINITY };
  readonly #members = new Map<EnvironmentReplica, Set<FanoutMember>>();
  readonly #pending = new Set<EnvironmentReplica>();
  #running = false;
  readonly #pace = new PushPace();

  /** @param evaluations absent: nobody evaluates here */
  constructor(logger: Logger, evaluations?: Evaluations) {
    this.#logger = logger;
    this.#evaluations = evaluations;
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
    const untilMs = this.#writeUntilMs();
    const isBusy = untilMs !== Number.POSITIVE_INFINITY;
    for (let written = 1; written <= WRITES_BEFORE_YIELD; written++) {
      if (written % WRITES_PER_LOOK === 0 && this.#nowMs() > untilMs) break;
      const next = round.next();
      if (next.done === true) {
        this.#running = false;
        return;
      }
      const { value: member } = next;
      const owed = owes(member);
      this.#tell(member);
      // One that owed before was sent nothing.
      if (isBusy && !owed && owes(member)) {
        this.#pace.told(member, untilMs);
        if (this.#pace.isFull) break;
      }
    }
    this.#goOn(round);
  }

  /** In the loop's next turn, or when acknowledgements have come. */
  readonly #goOn = (round: Iterator<FanoutMember>): void => {
    if (this.#pace.isFull) this.#pace.look(this.#nowMs());
    if (this.#pace.isFull) setTimeout(this.#goOn, LOOK_AGAIN_MS, round);
    else setImmediate(() => this.#run(round));
  };

  #nowMs(): number {
    return this.#evaluations?.monotonicMs() ?? 0;
  }

  #writeUntilMs(): number {
    if (this.#evaluations === undefined) return Number.POSITIVE_INFINITY;
    const nowMs = this.#nowMs();
    const total = this.#evaluations.total();
    if (total !== this.#seen.total) this.#seen = { total, ms: nowMs };
    return nowMs - this.#seen.ms < BUSY_FOR_MS ? nowMs + BUSY_WRITE_MS : Number.POSITIVE_INFINITY;
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

function owes({ owesAcknowledgement = false }: FanoutMember): boolean {
  return owesAcknowledgement;
}
