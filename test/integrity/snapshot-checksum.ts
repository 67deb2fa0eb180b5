/**
 * What only the checksum of a stored snapshot notices: damage to what neither
 * hashes nor digests cover, such as its memory of earlier revisions.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { recordCodec, sha256, snapshotBucketName } from '@flagstream/protocol';
import { ClientSet, LogState, type Position, reached } from '@flagstream/replica';
import { connectBus, createLogger, NatsSnapshots } from '@flagstream/runtime';
import { connect } from 'nats';
import { decodeDiskCopy, encodeDiskCopy } from '../../packages/client/src/store/disk-copy-format.ts';
import { flagEntity, IDENTITY } from '../../services/control-plane/src/log/record.fixture.ts';
import { noticing, type Outcome, type Scenario, type Site } from './scenario.ts';
import { ScenarioControlPlane } from './scenario-control-plane.ts';
import { loadState, ScenarioEvaluator, saveState } from './scenario-evaluator.ts';

export const scenarios: readonly Scenario[] = [
  {
    name: "a bit changes in an evaluator's snapshot on disk",
    noticedAs: /^snap-1-3\.bin: its checksum is wrong$/,
    run: onDisk,
  },
  {
    name: 'a bit changes in the manifest of a snapshot in NATS',
    noticedAs: /^NATS holds no whole snapshot$/,
    needsNats: true,
    run: inNats,
  },
  {
    name: "a bit changes in a client's own copy",
    noticedAs: /^its SHA-256 does not fit$/,
    run: ofClient,
  },
];

async function onDisk({ folder }: Site): Promise<Outcome> {
  const controlPlane = writtenControlPlane(folder);
  const cache = path.join(folder, 'cache');
  const whole = LogState.fromSnapshot(recordCodec, controlPlane.snapshot());
  const file = path.join(cache, await saveState(cache, whole));
  writeFileSync(file, flipBit(readFileSync(file), whole.hashAt(2)!));
  const noticed: string[] = [];
  const state = await loadState(cache, noticed);
  const position = positionOf(controlPlane, 2);
  const evaluator = new ScenarioEvaluator(state);
  evaluator.hear(controlPlane.beacon());
  controlPlane.close();
  return { noticed: [...noticed, ...evaluator.noticed], wrong: wrongMemory(state, position) };
}

async function inNats({ folder, natsUrl, natsPrefix }: Site): Promise<Outcome> {
  const controlPlane = writtenControlPlane(folder);
  const snapshot = controlPlane.snapshot();
  const logger = createLogger({ level: 'silent', service: 'test', version: 'test', nodeId: 'test' });
  const bus = await connectBus({ url: natsUrl, prefix: natsPrefix, name: 'test', logger });
  const nats = await connect({ servers: natsUrl });
  const noticed: string[] = [];
  try {
    await bus.putSnapshot(snapshot);
    const bucket = snapshotBucketName(natsPrefix);
    const subject = `$O.${bucket}.C.e1-3`;
    const manager = await nats.jetstreamManager();
    const { data } = await manager.streams.getMessage(`OBJ_${bucket}`, { last_by_subj: subject });
    await nats.jetstream().publish(subject, flipBit(data, snapshot.recentHashes[1]!));

    const fetched = await noticing(noticed, () => new NatsSnapshots(bus).fetch());
    if (fetched === undefined) return { noticed, wrong: undefined };
    const evaluator = new ScenarioEvaluator();
    evaluator.take(fetched);
    evaluator.hear(controlPlane.beacon());
    noticed.push(...evaluator.noticed);
    return { noticed, wrong: wrongMemory(evaluator.state, positionOf(controlPlane, 2)) };
  } finally {
    await nats.close();
    await bus.close();
    controlPlane.close();
  }
}

async function ofClient(): Promise<Outcome> {
  const set = ClientSet.of(sha256, { epoch: 1, revision: 3, hash: sha256(IDENTITY) }, IDENTITY, [
    { change: flagEntity('a', '1'), version: 2 },
  ]);
  const scope = { project: 'p', environment: 'production' };
  const asOfMs = 1_700_000_000_000;
  const bytes = flipBit(encodeDiskCopy({ scope, set, asOfMs }), Buffer.from(`${asOfMs}`));
  const noticed: string[] = [];
  const copy = await noticing(noticed, () => decodeDiskCopy(bytes));
  const isWrong = copy !== undefined && copy.asOfMs > asOfMs;
  return { noticed, wrong: isWrong ? 'the copy says that it is fresher than it is' : undefined };
}

/** Three revisions. */
function writtenControlPlane(folder: string): ScenarioControlPlane {
  const controlPlane = new ScenarioControlPlane(path.join(folder, 'flagstream.db'));
  controlPlane.write('alice', flagEntity('a', '1'));
  controlPlane.write('alice', flagEntity('b', '1'));
  return controlPlane;
}

function positionOf({ store }: ScenarioControlPlane, revision: number): Position {
  const { epoch, hash } = store.recordAt(revision)!;
  return { epoch, revision, hash };
}

/** The same bytes, but for one bit of the first byte of `part`, which they hold once. */
function flipBit(bytes: Uint8Array, part: Uint8Array): Buffer {
  const copy = Buffer.from(bytes);
  const at = copy.indexOf(part);
  if (at < 0 || at !== copy.lastIndexOf(part)) throw new Error('the part is not there once');
  copy[at]! ^= 8;
  return copy;
}

/** A state that knows of later revisions must know of this one, which was written. */
function wrongMemory(state: LogState, written: Position): string | undefined {
  if (state.position.revision < written.revision || reached(written, state) === 'reached') return undefined;
  return 'a write that the log holds is answered as withdrawn';
}
