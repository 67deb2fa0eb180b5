/**
 * What only the checksum of a stored snapshot notices: damage to what neither
 * hashes nor digests cover, such as its memory of earlier revisions.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { FlagUnit } from '@flagstream/engine';
import { recordCodec, sha256, snapshotBucketName, snapshotChunks } from '@flagstream/protocol';
import { SnapshotEntities } from '@flagstream/protocol/gen/flagstream/v1/log';
import { ClientSet, entityKey, hex, LogState, type Position, reached } from '@flagstream/replica';
import { connectBus, createLogger, NatsSnapshots } from '@flagstream/runtime';
import { connect } from 'nats';
import { decodeDiskCopy, encodeDiskCopy } from '../../packages/client/src/store/disk-copy-format.ts';
import { entity, flagEntity, IDENTITY } from '../../services/control-plane/src/log/record.fixture.ts';
import { heldName } from '../../services/evaluator/src/cache/cache-names.ts';
import { encodeHeld } from '../../services/evaluator/src/cache/held-file.ts';
import type { HeldUnits } from '../../services/evaluator/src/state/held-units.ts';
import { flippedBit } from './flipped-bit.ts';
import { noticing, type Outcome, type Scenario, type Site } from './scenario.ts';
import { ScenarioControlPlane } from './scenario-control-plane.ts';
import { loadHeld, loadState, ScenarioEvaluator, saveState } from './scenario-evaluator.ts';

export const scenarios: readonly Scenario[] = [
  {
    name: "a bit changes in an evaluator's snapshot on disk",
    noticedAs: /^snap-1-3\.bin: its checksum is wrong$/,
    run: onDisk,
  },
  {
    name: "a bit changes in an evaluator's last good versions",
    noticedAs: /^held-1\.bin: its checksum is wrong$/,
    run: ofHeldUnits,
  },
  {
    name: 'a bit changes in the manifest of a snapshot in NATS',
    noticedAs: /^NATS holds no whole snapshot$/,
    needsNats: true,
    run: inManifest,
  },
  {
    name: 'a bit changes in a tombstone of a snapshot in NATS',
    noticedAs: /^NATS holds no whole snapshot$/,
    needsNats: true,
    run: inChunk,
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
  writeFileSync(file, flippedBit(readFileSync(file), whole.hashAt(2)!));
  const noticed: string[] = [];
  const state = await loadState(cache, noticed);
  const position = positionOf(controlPlane, 2);
  const evaluator = new ScenarioEvaluator(state);
  evaluator.hear(controlPlane.beacon());
  controlPlane.close();
  return { noticed: [...noticed, ...evaluator.noticed], wrong: wrongMemory(state, position) };
}

async function inManifest(site: Site): Promise<Outcome> {
  const controlPlane = writtenControlPlane(site.folder);
  const written = positionOf(controlPlane, 2);
  const { noticed, state } = await startedFromNats(site, controlPlane, 'e1-3', written.hash);
  controlPlane.close();
  return { noticed, wrong: state && wrongMemory(state, written) };
}

async function inChunk(site: Site): Promise<Outcome> {
  const controlPlane = writtenControlPlane(site.folder);
  const gone = entity({ ...flagEntity('withdrawn', '') }, '', true);
  controlPlane.write('alice', gone);
  const snapshot = controlPlane.snapshot();
  const [chunk] = [...snapshotChunks(snapshot)];
  const name = hex(sha256(SnapshotEntities.encode({ entities: chunk! }).finish()));
  const { noticed, state } = await startedFromNats(site, controlPlane, name, Buffer.from(gone.key));
  controlPlane.close();
  const isWrong = state !== undefined && state.entity(entityKey(gone)) === undefined;
  return { noticed, wrong: isWrong ? 'clients are not told that a flag was withdrawn' : undefined };
}

/** An evaluator with nothing, which NATS gives a snapshot with a changed bit in one of its objects. */
async function startedFromNats(
  { natsUrl, natsPrefix }: Site,
  controlPlane: ScenarioControlPlane,
  object: string,
  damaged: Uint8Array,
): Promise<{ readonly noticed: readonly string[]; readonly state: LogState | undefined }> {
  const logger = createLogger({ level: 'silent', service: 'test', version: 'test', nodeId: 'test' });
  const bus = await connectBus({ url: natsUrl, prefix: natsPrefix, name: 'test', logger });
  const nats = await connect({ servers: natsUrl });
  const noticed: string[] = [];
  try {
    await bus.putSnapshot(controlPlane.snapshot());
    const bucket = snapshotBucketName(natsPrefix);
    const subject = `$O.${bucket}.C.${object}`;
    const manager = await nats.jetstreamManager();
    const { data } = await manager.streams.getMessage(`OBJ_${bucket}`, { last_by_subj: subject });
    await nats.jetstream().publish(subject, flippedBit(data, damaged));
    const fetched = await noticing(noticed, () => new NatsSnapshots(bus).fetch());
    if (fetched === undefined) return { noticed, state: undefined };
    const evaluator = new ScenarioEvaluator();
    evaluator.take(fetched);
    evaluator.hear(controlPlane.beacon());
    return { noticed: [...noticed, ...evaluator.noticed], state: evaluator.state };
  } finally {
    await nats.close();
    await bus.close();
  }
}

async function ofHeldUnits({ folder }: Site): Promise<Outcome> {
  const unit: FlagUnit = {
    key: 'a',
    flag: { kind: 'FLAG_KIND_NUMBER', variants: [{ key: 'only', value: 123 }] },
  };
  const held: HeldUnits = {
    logIdentity: IDENTITY,
    units: [{ project: 'p', environment: 'production', kind: 'flag', unit }],
  };
  writeFileSync(path.join(folder, heldName(1)), flippedBit(encodeHeld(held), Buffer.from('123')));
  const noticed: string[] = [];
  const found = (await loadHeld(folder, noticed))?.units[0]?.unit;
  const isWrong = found !== undefined && !isDeepStrictEqual(found, unit);
  return { noticed, wrong: isWrong ? 'a flag in quarantine serves what nobody wrote' : undefined };
}

async function ofClient(): Promise<Outcome> {
  const set = ClientSet.of(sha256, { epoch: 1, revision: 3, hash: sha256(IDENTITY) }, IDENTITY, [
    { change: flagEntity('a', '1'), version: 2 },
  ]);
  const scope = { project: 'p', environment: 'production' };
  const asOfMs = 1_700_000_000_000;
  const bytes = flippedBit(encodeDiskCopy({ scope, set, asOfMs }), Buffer.from(`${asOfMs}`));
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

/** A state that knows of later revisions must know of this one, which was written. */
function wrongMemory(state: LogState, written: Position): string | undefined {
  if (state.position.revision < written.revision || reached(written, state) === 'reached') return undefined;
  return 'a write that the log holds is answered as withdrawn';
}
