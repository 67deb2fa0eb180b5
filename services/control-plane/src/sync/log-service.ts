/**
 * LogService: the log for evaluators, straight from the control plane. Each
 * stream is a cursor that pulls one bounded batch at a time and waits for its
 * reader before the next.
 */

import {
  fail,
  headBeaconToWire,
  invalidField,
  LIMITS,
  revisionNumber,
  snapshotChunks,
  snapshotHeaderToWire,
} from '@flagstream/protocol';
import {
  type GetHeadRequest,
  type GetHeadResponse,
  type GetSnapshotRequest,
  type GetSnapshotResponse,
  LogServiceService,
  type WatchLogRequest,
  type WatchLogResponse,
} from '@flagstream/protocol/gen/flagstream/v1/log';
import { ORIGIN, type Position, type Snapshot } from '@flagstream/replica';
import {
  type CallContext,
  EVERYWHERE,
  requirePermission,
  type ServiceBinding,
  serverStream,
  unary,
  type Verb,
} from '@flagstream/runtime';
import type { ServerWritableStream } from '@grpc/grpc-js';
import type { ChangeLog } from '../log/change-log.ts';
import { LogCursor } from '../log/log-cursor.ts';
import type { HeadBeacons } from '../publish/head-beacons.ts';
import type { Snapshots } from './snapshot.ts';
import { ready, sleepUntil } from './stream-pace.ts';

export interface LogServiceParts {
  readonly log: ChangeLog;
  readonly beacons: HeadBeacons;
  readonly snapshots: Snapshots;
}

const POLICY: Readonly<Record<keyof typeof LogServiceService, Verb>> = {
  getHead: 'log',
  getSnapshot: 'log',
  watchLog: 'log',
};

export function logService(parts: LogServiceParts): ServiceBinding {
  return {
    definition: LogServiceService,
    policy: POLICY,
    peerStreams: ['watchLog'],
    handlers: {
      getHead: unary<GetHeadRequest, GetHeadResponse>(async (_request, { principal }) => {
        requirePermission(principal, 'log', EVERYWHERE);
        return { head: headBeaconToWire(await parts.beacons.askHead()) };
      }),
      getSnapshot: serverStream<GetSnapshotRequest, GetSnapshotResponse>((_request, stream, context) => {
        requirePermission(context.principal, 'log', EVERYWHERE);
        refuseFork(parts.log);
        return sendSnapshot(parts.snapshots.take(), stream, context);
      }),
      watchLog: serverStream<WatchLogRequest, WatchLogResponse>((request, stream, context) => {
        requirePermission(context.principal, 'log', EVERYWHERE);
        return watchLog(parts, positionOf(request), stream, context);
      }),
    },
  };
}

/** Evaluators that follow the other writer must not be taken to this branch, as beacons must not tell of it. */
function refuseFork({ refusal }: ChangeLog): void {
  if (refusal !== undefined) throw fail(refusal.reason, refusal.why);
}

async function sendSnapshot(
  snapshot: Snapshot,
  stream: ServerWritableStream<GetSnapshotRequest, GetSnapshotResponse>,
  { signal }: CallContext,
): Promise<void> {
  stream.write({ chunk: { $case: 'header', value: snapshotHeaderToWire(snapshot) } });
  for (const entities of snapshotChunks(snapshot)) {
    if (!(await ready(stream, signal))) return;
    stream.write({ chunk: { $case: 'entities', value: { entities } } });
  }
  stream.end();
}

/**
 * Records after a position, then each new one; the head each second while there is nothing else. Ends when
 * the log turns out to be a branch that may be given up.
 */
async function watchLog(
  { log, beacons }: LogServiceParts,
  after: Position,
  stream: ServerWritableStream<WatchLogRequest, WatchLogResponse>,
  { signal }: CallContext,
): Promise<void> {
  refuseFork(log);
  const cursor = new LogCursor(log.store, after);
  while (await ready(stream, signal)) {
    refuseFork(log);
    const records = cursor.next();
    if (records.length > 0) {
      stream.write({ event: { $case: 'records', value: { records: records.map(asBuffer) } } });
      continue;
    }
    if (log.writesStopped === undefined)
      stream.write({ event: { $case: 'head', value: headBeaconToWire(beacons.current()) } });
    await sleepUntil((wake) => log.onCommit(wake), LIMITS.beaconMs, signal);
  }
}

/** @throws FlagstreamError INVALID_FIELD */
function positionOf({ after }: WatchLogRequest): Position {
  if (after === undefined) return ORIGIN;
  if (after.revision > BigInt(Number.MAX_SAFE_INTEGER))
    throw invalidField('after.revision', 'is out of range');
  return { epoch: after.epoch, revision: revisionNumber(after.revision), hash: after.hash };
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
