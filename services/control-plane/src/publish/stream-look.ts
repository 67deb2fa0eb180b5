/**
 * One look at what NATS holds of the log, for the ship decision to judge.
 */
import { recordCodec } from '@flagstream/protocol';
import { bytesEqual, type NatsView, nextStream, type StreamView } from '@flagstream/replica';
import type { Bus } from '@flagstream/runtime';
import type { AuditStore } from '../log/audit-store.ts';

/** Rejects while NATS does not answer. */
export async function lookAtStreams(bus: Bus, store: AuditStore, epoch: number): Promise<NatsView> {
  const base = baseOf(store, epoch);
  const [epochs, own] = await Promise.all([bus.epochs(), lookAtOwn(bus, store, epoch, base)]);
  const next = await lookAtNext(
    bus,
    epochs.filter((other) => other > epoch),
  );
  const shipped = base + (own?.lastSeq ?? 0);
  const missingBytes = shipped < store.head().revision ? store.bytesAfter(shipped) : 0;
  return { epochs, own, next, missingBytes };
}

function baseOf(store: AuditStore, epoch: number): number {
  return store.lineage().find((base) => base.epoch === epoch)?.baseRevision ?? 0;
}

async function lookAtOwn(bus: Bus, store: AuditStore, epoch: number, base: number): Promise<NatsView['own']> {
  const info = await bus.logStreamInfo(epoch);
  if (info === undefined) return undefined;
  const { firstSeq, lastSeq } = info;
  const tailSeq = Math.min(lastSeq, store.head().revision - base);
  const bytes = tailSeq < 1 || tailSeq < firstSeq ? undefined : await bus.readRecord(epoch, tailSeq);
  if (bytes === undefined) return { firstSeq, lastSeq, tailSeq, tail: 'gone' };
  const own = store.recordAt(base + tailSeq);
  const same = own !== undefined && bytesEqual(bytes, own.bytes);
  return { firstSeq, lastSeq, tailSeq, tail: same ? 'ours' : 'other' };
}

async function lookAtNext(bus: Bus, epochs: readonly number[]): Promise<NatsView['next']> {
  const later: (StreamView & { readonly epoch: number })[] = [];
  for (const epoch of epochs) {
    const info = await bus.logStreamInfo(epoch);
    if (info !== undefined) later.push({ epoch, firstSeq: info.firstSeq, lastSeq: info.lastSeq });
  }
  const next = nextStream(later);
  if (next === undefined) return undefined;
  const { epoch, firstSeq, lastSeq } = next;
  const isEmpty = lastSeq === 0 || lastSeq < firstSeq;
  const first = isEmpty ? undefined : await bus.readRecord(epoch, firstSeq);
  return { ...next, baseRevision: first && baseIn(first, firstSeq) };
}

/** Undefined when the bytes are no record: then they tell of nothing. */
function baseIn(first: Uint8Array, firstSeq: number): number | undefined {
  try {
    return recordCodec.decodeRecord(first).revision - firstSeq;
  } catch {
    // What somebody else wrote to the stream: the decision treats it as what it cannot reach.
    return undefined;
  }
}
