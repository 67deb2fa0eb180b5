/**
 * One look at what NATS holds of the log, for the ship decision to judge.
 */
import { recordCodec } from '@flagstream/protocol';
import { bytesEqual, type NatsView } from '@flagstream/replica';
import type { Bus } from '@flagstream/runtime';
import type { AuditStore } from '../log/audit-store.ts';

/** Rejects while NATS does not answer. */
export async function lookAtStreams(bus: Bus, store: AuditStore, epoch: number): Promise<NatsView> {
  const base = baseOf(store, epoch);
  const [epochs, own] = await Promise.all([bus.epochs(), lookAtOwn(bus, store, epoch, base)]);
  const nextEpoch = epochs.find((other) => other > epoch);
  const next = nextEpoch === undefined ? undefined : await lookAtNext(bus, nextEpoch);
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

async function lookAtNext(bus: Bus, epoch: number): Promise<NatsView['next']> {
  const info = await bus.logStreamInfo(epoch);
  if (info === undefined) return undefined;
  const { firstSeq, lastSeq } = info;
  const first = lastSeq < firstSeq ? undefined : await bus.readRecord(epoch, firstSeq);
  const baseRevision = first === undefined ? undefined : recordCodec.decodeRecord(first).revision - firstSeq;
  return { epoch, firstSeq, lastSeq, baseRevision };
}
