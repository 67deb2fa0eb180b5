/** For tests: a follower whose log, clock and sources are in the test's hands. */
import { Follower, type FollowerParts } from './follower.ts';
import {
  FOLLOWER_SETTINGS,
  type FollowerEffect,
  type FollowerEvent,
  type FollowerSettings,
} from './follower-events.ts';
import { flag, jsonCodec, LogWriter } from './log.fixture.ts';
import type { HeadBeacon, SnapshotOrigin } from './seams.ts';

export const SETTINGS: FollowerSettings = FOLLOWER_SETTINGS;
export const SINCE_NEVER = 0xffff_ffff;
export const OTHER_LOG = new Uint8Array(32).fill(7);

export class Bench {
  readonly writer: LogWriter;
  follower: Follower;
  nowMs = 10_000;

  constructor(identity?: Uint8Array) {
    this.writer = new LogWriter(identity);
    this.follower = this.start({});
  }

  /** A follower that starts again, with what it is given. */
  start(parts: Partial<FollowerParts>): Follower {
    this.follower = new Follower({ codec: jsonCodec, settings: SETTINGS, random: () => 0, ...parts });
    return this.follower;
  }

  handle(event: FollowerEvent): readonly FollowerEffect[] {
    return this.follower.handle(event, this.nowMs);
  }

  /** Types of the effects. */
  kinds(event: FollowerEvent): string[] {
    return this.handle(event).map((effect) =>
      effect.type === 'alarm' ? `alarm:${effect.code}` : effect.type,
    );
  }

  /** What is due once this much time has passed. */
  after(ms: number): string[] {
    this.nowMs += ms;
    return this.kinds({ type: 'tick' });
  }

  records(...revisions: number[]): FollowerEvent {
    return {
      type: 'records',
      records: revisions.map((revision) => this.writer.records[revision - 1]!.bytes),
    };
  }

  head(over: Partial<HeadBeacon> = {}): FollowerEvent {
    return { type: 'head', beacon: { ...this.writer.beacon(), ...over } };
  }

  snapshot(origin: SnapshotOrigin = 'control-plane'): FollowerEvent {
    return { type: 'snapshot', snapshot: this.writer.snapshot(), origin };
  }

  get revision(): number {
    return this.follower.state.position.revision;
  }

  get source(): string {
    return this.follower.freshness(this.nowMs).source;
  }

  get stalenessMs(): number {
    return this.follower.freshness(this.nowMs).stalenessMs;
  }
}

/** A log with a GENESIS and some changes, none of them delivered. */
export function bench(changes: number): Bench {
  const made = new Bench();
  for (let i = 0; i < changes; i++) made.writer.write(flag('a', String(i)));
  made.handle({ type: 'status', status: { kind: 'live' } });
  return made;
}

/** The same, with everything applied. */
export function applied(changes: number): Bench {
  const made = bench(changes);
  made.handle(made.records(...made.writer.records.map(({ revision }) => revision)));
  return made;
}

export const behind: FollowerEvent = {
  type: 'status',
  status: { kind: 'behind', firstRevision: 9, detail: 'the window moved on' },
};

/** The record at a revision, saying something else. */
export const forged = (b: Bench, revision: number): FollowerEvent => ({
  type: 'records',
  records: [jsonCodec.encodeRecord({ ...b.writer.records[revision - 1]!, comment: 'forged' }).bytes],
});
