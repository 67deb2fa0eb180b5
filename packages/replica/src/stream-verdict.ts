/**
 * What a look at NATS means for the log that is shipped there: the one
 * comparison that every recovery goes through. Pure; the ship decision carries
 * the verdict out.
 *
 * Holds true: a record that is neither ours nor a continuation met before we
 * were running is a second writer's, whatever else there is.
 */
import type { NatsView, ShipStop, StreamView } from './ship-frames.ts';

/** Our side of the comparison. */
export interface ComparedLog {
  readonly epoch: number;
  /** Last revision before the epoch. */
  readonly baseRevision: number;
  readonly headRevision: number;
  /** Newest epoch whose GENESIS is known to have reached NATS, 0 for none. */
  readonly shippedEpoch: number;
  /** A backup that was put back and has not seen the stream since. */
  readonly restored: boolean;
  /** Since the start we wrote, or found the stream in order: a record that is not ours is another writer's from now on. */
  readonly running: boolean;
  /** Size of the stream's window: what is longer is not shipped again. */
  readonly windowBytes: number;
}

export type StreamVerdict =
  /** Up to here the stream is ours: ship what comes after. */
  | { readonly kind: 'ship'; readonly lastSeq: number }
  /** Our epoch never had a stream. */
  | { readonly kind: 'create' }
  /** These records follow on ours and only NATS holds them. */
  | { readonly kind: 'fold'; readonly epoch: number; readonly fromSeq: number; readonly toSeq: number }
  /** The log goes on in a new epoch. */
  | { readonly kind: 'reseed'; readonly reason: string }
  /** What a restored file may lack cannot be seen. */
  | { readonly kind: 'unseen'; readonly detail: string }
  /** A record inside the stream cannot be read: perhaps the stream has just changed. */
  | { readonly kind: 'unreadable'; readonly detail: string }
  /** Both sides grew between looking and judging. */
  | { readonly kind: 'outdated' }
  | { readonly kind: 'stop'; readonly code: ShipStop; readonly detail: string };

export function judgeStreams(nats: NatsView, log: ComparedLog): StreamVerdict {
  const { own, next } = nats;
  const headSeq = log.headRevision - log.baseRevision;
  const place = Math.min(own?.lastSeq ?? 0, headSeq);
  if (own !== undefined && own.tailSeq !== place) return { kind: 'outdated' };
  const comparable = own !== undefined && place > 0 && place >= own.firstSeq;
  if (comparable && own.tail === 'other')
    return forked(`the stream holds another record at revision ${log.baseRevision + place}`);
  if (comparable && own.tail === 'gone')
    return { kind: 'unreadable', detail: `the record at sequence ${place} cannot be read` };
  if (own !== undefined && own.lastSeq > headSeq) return judgeLonger(own, headSeq, log);
  if (next !== undefined) return judgeNewer(next, log);
  return comparable ? judgeShorter(nats, own.lastSeq, log) : judgeNothing(nats, log);
}

/** The stream goes on after our head: a backup that was put back, or another writer. */
function judgeLonger(own: StreamView, headSeq: number, log: ComparedLog): StreamVerdict {
  if (log.running) return forked(`the stream is ${own.lastSeq - headSeq} records ahead of this log`);
  const fromSeq = headSeq + 1;
  if (own.firstSeq > fromSeq) return gap(own.firstSeq - fromSeq, log);
  return { kind: 'fold', epoch: log.epoch, fromSeq, toSeq: own.lastSeq };
}

/** There is a newer epoch, and all that ours has in NATS is in our log. */
function judgeNewer(next: NonNullable<NatsView['next']>, log: ComparedLog): StreamVerdict {
  const { epoch, firstSeq, lastSeq, baseRevision } = next;
  if (log.running) return forked(`another control plane has begun epoch ${epoch} of this log`);
  // Its GENESIS never arrived, and with it nothing else.
  if (lastSeq === 0) return { kind: 'reseed', reason: `epoch ${epoch} was begun and never shipped` };
  if (baseRevision === undefined) return gap(lastSeq, log);
  if (baseRevision < log.headRevision)
    return forked(`epoch ${epoch} begins after revision ${baseRevision}, before our head`);
  const missing = baseRevision + firstSeq - 1 - log.headRevision;
  return missing > 0 ? gap(missing, log) : { kind: 'fold', epoch, fromSeq: 1, toSeq: lastSeq };
}

/**
 * The stream ends where we end, or before. A restored file goes on in a new
 * epoch: revisions after the backup that never reached NATS may have been
 * seen, and no revision may ever mean two things.
 */
function judgeShorter({ missingBytes }: NatsView, lastSeq: number, log: ComparedLog): StreamVerdict {
  if (log.restored) return { kind: 'reseed', reason: 'restored from a backup' };
  if (missingBytes > log.windowBytes)
    return {
      kind: 'reseed',
      reason: `the stream lacks ${missingBytes} bytes, more than its window holds`,
    };
  return { kind: 'ship', lastSeq };
}

/** No stream of our epoch, or one without records. */
function judgeNothing({ own, missingBytes }: NatsView, log: ComparedLog): StreamVerdict {
  if (log.restored)
    return {
      kind: 'unseen',
      detail: 'this file was restored from a backup, and NATS holds no stream of its log',
    };
  if (log.shippedEpoch >= log.epoch || (own?.lastSeq ?? 0) > 0)
    return { kind: 'reseed', reason: 'NATS lost the stream' };
  if (missingBytes > log.windowBytes)
    return { kind: 'reseed', reason: `the log has ${missingBytes} bytes, more than the window holds` };
  return own === undefined ? { kind: 'create' } : { kind: 'ship', lastSeq: 0 };
}

function forked(detail: string): StreamVerdict {
  return { kind: 'stop', code: 'forked', detail };
}

function gap(missing: number, { headRevision }: ComparedLog): StreamVerdict {
  return {
    kind: 'stop',
    code: 'gap',
    detail: `NATS goes on ${missing} revisions after revision ${headRevision}, this log's last`,
  };
}
