/** The environment of a Sync stream, as its session sees it. */
import type { Position } from './position.ts';
import type { Digest, Freshness } from './sync-frames.ts';

/** What a session asks of the environment that it serves. */
export interface SyncEnvironment {
  readonly project: string;
  readonly environment: string;
  head(): Position;
  /** Newest revision that changed something in this environment. */
  changedRevision(): number;
  digest(): Digest;
  logIdentity(): Uint8Array;
  /** A client at this position can be brought to the head by delta. */
  canDelta(from: Position): boolean;
  /** A client at this position holds what was withdrawn: a record that is not on this lineage. */
  hasWithdrawn(from: Position): boolean;
  freshness(nowMs: number): Freshness;
}
