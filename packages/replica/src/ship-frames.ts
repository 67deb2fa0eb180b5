/**
 * What the ship decision hears and what it orders: see ship-decision.ts.
 * `attempt` stands for what is under way: an answer of an older attempt no
 * longer counts. In epoch e, stream sequence n holds revision base(e) + n.
 */
import type { Actor } from './record.ts';

/** The log that is shipped, when the process starts. */
export interface ShipLog {
  readonly epoch: number;
  /** Last revision before the epoch: its GENESIS is the next one. */
  readonly baseRevision: number;
  readonly headRevision: number;
  /** Newest epoch whose GENESIS is known to have reached NATS, 0 for none. Kept on disk. */
  readonly shippedEpoch: number;
  /** Newest epoch that followers were told of over NATS, 0 for none. Kept on disk. */
  readonly announcedEpoch: number;
  /** The file is a backup that was put back and has not seen the stream since. Kept on disk. */
  readonly restored: boolean;
  /** Newest epoch that is known of the log whose place it took then; none when absent. */
  readonly restoredOver?: number;
}

/** One stream, at one moment. Empty when firstSeq is above lastSeq. */
export interface StreamView {
  readonly firstSeq: number;
  /** 0 when nothing was ever written. */
  readonly lastSeq: number;
}

/** What NATS holds. */
export interface NatsView {
  /** Epochs that have a stream, ascending. */
  readonly epochs: readonly number[];
  /** The stream of our epoch; undefined when there is none. */
  readonly own:
    | (StreamView & {
        /** The newest sequence that both the stream and our log have reached: the lower of the two ends. */
        readonly tailSeq: number;
        /** The stream's record there, against ours; `gone` when none can be read. */
        readonly tail: 'ours' | 'other' | 'gone';
      })
    | undefined;
  /** The stream of a later epoch that counts: see next-stream.ts. */
  readonly next:
    | (StreamView & {
        readonly epoch: number;
        /** Undefined when it holds no record to tell it from. */
        readonly baseRevision: number | undefined;
      })
    | undefined;
  /** Bytes of our records after the end of our epoch's stream; of all of the epoch's when there is none. */
  readonly missingBytes: number;
}

export type ShipEvent =
  | { readonly type: 'connected' }
  | { readonly type: 'disconnected' }
  /** NATS has not answered for as long as a start waits for it. */
  | { readonly type: 'unreachable' }
  /** Time for a look at a stream that nothing is written to. */
  | { readonly type: 'look' }
  /** We wrote; the newest revision is this one. */
  | { readonly type: 'committed'; readonly headRevision: number }
  | { readonly type: 'inspected'; readonly attempt: number; readonly nats: NatsView }
  /** An order other than `send` could not be carried out. */
  | { readonly type: 'failed'; readonly attempt: number; readonly detail: string }
  | { readonly type: 'stream-created'; readonly attempt: number }
  /** Some of the stream's records were folded into our log, also when the order no longer counts. */
  | {
      readonly type: 'adopted';
      readonly epoch: number;
      readonly baseRevision: number;
      readonly headRevision: number;
    }
  /** All that were ordered. */
  | { readonly type: 'folded'; readonly attempt: number }
  /** A record of the stream does not continue our log. */
  | { readonly type: 'foreign'; readonly attempt: number; readonly detail: string }
  /** A record of the stream continues our log, and only a newer release may read it. */
  | { readonly type: 'too-new'; readonly attempt: number; readonly detail: string }
  /** The GENESIS is on our disk. */
  | {
      readonly type: 'epoch-begun';
      readonly attempt: number;
      readonly epoch: number;
      readonly baseRevision: number;
    }
  | { readonly type: 'appended'; readonly attempt: number; readonly seq: number }
  /** The stream ends elsewhere than expected. */
  | { readonly type: 'conflicted'; readonly attempt: number }
  /** Refused, or its fate is unknown. */
  | { readonly type: 'append-failed'; readonly attempt: number; readonly detail: string }
  /** A snapshot of this epoch is in NATS, whole. */
  | { readonly type: 'snapshot-put'; readonly epoch: number }
  | { readonly type: 'retry'; readonly attempt: number }
  /** A person decides that this log goes on, whatever the stream holds. */
  | { readonly type: 'take-over'; readonly by: TakeOver };

/** Who took over, and why: stands in the GENESIS. */
export interface TakeOver {
  readonly actor: Actor;
  readonly comment: string;
}

export type ShipEffect =
  /** Look at NATS; answered by `inspected` or `failed`. */
  | { readonly type: 'inspect'; readonly attempt: number }
  /** Answered by `stream-created` or `failed`. */
  | { readonly type: 'create-stream'; readonly attempt: number; readonly epoch: number }
  /**
   * Read these records of the stream and fold them, each only if it continues
   * our head; answered by `folded`, `foreign`, `too-new` or `failed`, after
   * `adopted` for what was folded.
   */
  | {
      readonly type: 'fold';
      readonly attempt: number;
      readonly epoch: number;
      readonly fromSeq: number;
      readonly toSeq: number;
    }
  /**
   * Commit the GENESIS of a new epoch, before anything else is written, and
   * with it that the file is no restored one any more: both or neither;
   * answered by `epoch-begun` or `failed`.
   */
  | {
      readonly type: 'begin-epoch';
      readonly attempt: number;
      readonly epoch: number;
      readonly reason: string;
      readonly by: TakeOver | undefined;
    }
  /** Append our record at this place if the stream ends right before it. */
  | {
      readonly type: 'send';
      readonly attempt: number;
      readonly epoch: number;
      readonly seq: number;
      readonly revision: number;
    }
  /** Note on disk that the epoch's GENESIS has reached NATS. */
  | { readonly type: 'note-shipped'; readonly epoch: number }
  /** A snapshot of this epoch must be in NATS; `snapshot-put` tells when it is, whatever failed before. */
  | { readonly type: 'put-snapshot'; readonly epoch: number }
  /** Note on disk that followers are told of the epoch from now on; tell them. */
  | { readonly type: 'announce'; readonly epoch: number }
  /** An event 'retry' is wanted after a pause that grows. */
  | { readonly type: 'pause'; readonly attempt: number; readonly detail: string }
  /** Nothing is shipped any more until a person takes over: an alarm. */
  | { readonly type: 'stop'; readonly code: ShipStop; readonly detail: string }
  | { readonly type: 'take-over-failed'; readonly detail: string };

/** The effect of one type. */
export type ShipOrder<T extends ShipEffect['type']> = Extract<ShipEffect, { readonly type: T }>;

/**
 * `forked`: another writer used this log's stream. `gap`: the stream goes on after revisions that we lack.
 * `too-new`: it goes on with what only a newer release may read.
 */
export type ShipStop = 'forked' | 'gap' | 'too-new';

/** What becomes of writes. */
export type WriteGate =
  | { readonly kind: 'open' }
  /** Not now: the stream must be seen first. */
  | { readonly kind: 'held'; readonly detail: string }
  /** Not before a person has decided. */
  | { readonly kind: 'refused'; readonly code: ShipStop; readonly detail: string };

/**
 * `down`: NATS is away. `comparing`: nothing is sent, the stream is looked at or
 * waited for. `folding`: our log takes in what only the stream holds.
 */
export type ShipPhase = 'down' | 'comparing' | 'folding' | 'shipping' | 'stopped';
