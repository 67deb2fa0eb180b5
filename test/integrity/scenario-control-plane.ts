/**
 * The part of a control plane that holds a log: a SQLite file, with what is
 * told of it. What leaves it has been through the wire's form.
 */
import {
  recordCodec,
  snapshotChunks,
  snapshotFromWire,
  snapshotHeaderToWire,
  versionedEntityFromWire,
} from '@flagstream/protocol';
import type { EntityChange, HeadBeacon, Position, Snapshot } from '@flagstream/replica';
import { verifyFile } from '../../services/control-plane/src/log/backup.ts';
import { ChangeLog } from '../../services/control-plane/src/log/change-log.ts';
import { IDENTITY } from '../../services/control-plane/src/log/record.fixture.ts';
import { SqliteStore } from '../../services/control-plane/src/log/sqlite-store.ts';
import type { VerifyDepth } from '../../services/control-plane/src/log/verify-log.ts';
import { HeadBeacons } from '../../services/control-plane/src/publish/head-beacons.ts';
import { Snapshots } from '../../services/control-plane/src/sync/snapshot.ts';

const WRITTEN_MS = 1_700_000_000_000;

export class ScenarioControlPlane {
  readonly store: SqliteStore;
  readonly #log: ChangeLog;

  /** Opens or creates the file. @throws FlagstreamError LOG_CORRUPT */
  constructor(path: string) {
    this.store = new SqliteStore(path, recordCodec);
    this.#log = new ChangeLog({ store: this.store, codec: recordCodec, now: () => WRITTEN_MS });
    this.#log.begin(IDENTITY);
  }

  write(actor: string, ...changes: EntityChange[]): Position {
    return this.#log.append({
      opId: `${actor}-${this.store.head().revision + 1}`,
      requestDigest: new Uint8Array(32),
      actor: { id: actor, kind: 'user' },
      comment: '',
      changes,
    });
  }

  /** Takes in a record that only NATS still held. @throws FlagstreamError LOG_CORRUPT */
  foldForeign(bytes: Uint8Array): void {
    if (!this.#log.foldForeign(bytes)) throw new Error('the record does not continue the log');
  }

  /** Records after a revision, as they are shipped. */
  records(afterRevision: number): readonly Uint8Array[] {
    return this.store.readLog(afterRevision, Number.MAX_SAFE_INTEGER).map(({ bytes }) => bytes);
  }

  snapshot(): Snapshot {
    const snapshot = new Snapshots(this.store).take();
    const chunks = [...snapshotChunks(snapshot)].map((chunk) => chunk.map(versionedEntityFromWire));
    return snapshotFromWire(snapshotHeaderToWire(snapshot), chunks);
  }

  beacon(): HeadBeacon {
    const beacons = new HeadBeacons({
      log: this.#log,
      natsPrefix: 'flagstream',
      controlPlaneId: 'control-plane',
      bootId: 'boot',
      random: () => 0.5,
    });
    const beacon = beacons.current();
    beacons.close();
    return beacon;
  }

  close(): void {
    this.store.close();
  }
}

/** What the check in the background (`stored`) or `flagstream log verify` (`folded`) does. @throws FlagstreamError LOG_CORRUPT */
export function verifyLogFile(path: string, depth: VerifyDepth): void {
  const verification = verifyFile(path, recordCodec, depth);
  while (verification.next().done !== true);
}
