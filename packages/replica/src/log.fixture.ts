/** For tests: a codec without generated code, and a log that is written record by record. */
import { createHash } from 'node:crypto';
import { ENTITY_KIND, type EntityChange, type EntityId } from './entity.ts';
import { LogState } from './log-state.ts';
import { ORIGIN, type Position } from './position.ts';
import {
  type Codec,
  chainHash,
  type EpochBase,
  genesisFields,
  LOG_ID,
  type LogRecord,
  READER_VERSION,
  RECORD_FORMAT,
  type RecordFields,
} from './record.ts';
import type { HeadBeacon, Snapshot } from './seams.ts';

const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest());

const toText = (value: unknown): Uint8Array =>
  new TextEncoder().encode(
    JSON.stringify(value, (_, member: unknown) =>
      member instanceof Uint8Array ? { hex: Buffer.from(member).toString('hex') } : member,
    ),
  );

const fromText = (bytes: Uint8Array): unknown =>
  JSON.parse(new TextDecoder().decode(bytes), (_, member: unknown) =>
    typeof member === 'object' && member !== null && 'hex' in member
      ? new Uint8Array(Buffer.from(String(member.hex), 'hex'))
      : member,
  );

/** Records as JSON. */
export const jsonCodec: Codec = {
  sha256,
  decodeRecord: (bytes) => ({ ...(fromText(bytes) as RecordFields), bytes, hash: chainHash(sha256, bytes) }),
  encodeRecord: (fields) => {
    const bytes = toText(fields);
    return { ...fields, bytes, hash: chainHash(sha256, bytes) };
  },
  decodeChangeList: (bytes) => fromText(bytes) as readonly EntityChange[],
};

export const encodeChanges = (changes: readonly EntityChange[]): Uint8Array => toText(changes);

export function changed(id: EntityId, content: Uint8Array | null): EntityChange {
  const bytes = content ?? new Uint8Array(0);
  return {
    ...id,
    deleted: content === null,
    content: bytes,
    contentHash: sha256(bytes),
    tags: [],
    clientVisible: false,
  };
}

/** A flag whose content is a text; null deletes it. */
export const flag = (key: string, text: string | null, project = 'p'): EntityChange =>
  changed({ kind: ENTITY_KIND.flag, project, environment: '', key }, text === null ? null : toText(text));

export const config = (environment: string, key: string, text: string | null): EntityChange =>
  changed(
    { kind: ENTITY_KIND.flagConfig, project: 'p', environment, key },
    text === null ? null : toText(text),
  );

/** The one writer of a log. */
export class LogWriter {
  readonly records: LogRecord[] = [];
  position: Position = ORIGIN;
  lineage: EpochBase[] = [];
  /** The fold of its records. */
  readonly state: LogState = new LogState(jsonCodec);

  /** @param identity of the log: the base hash of its first epoch */
  constructor(identity: Uint8Array = sha256(toText('identity'))) {
    this.startEpoch(1, identity);
  }

  /** Writes the GENESIS of an epoch that continues the head. */
  startEpoch(epoch: number, baseHash: Uint8Array = this.position.hash): LogRecord {
    this.lineage = [
      ...this.lineage,
      { epoch, baseRevision: this.position.revision, baseHash, startedMs: epoch, reason: 'test' },
    ];
    return this.#take(
      jsonCodec.encodeRecord(genesisFields(this.lineage, `genesis-${epoch}`, { id: 't', kind: 'user' })),
    );
  }

  write(...changes: EntityChange[]): LogRecord {
    return this.writeFields({ changes });
  }

  writeFields(over: Partial<RecordFields>): LogRecord {
    return this.#take(jsonCodec.encodeRecord(this.fields(over)));
  }

  /** Fields of the next record, without writing it. */
  fields(over: Partial<RecordFields> = {}): RecordFields {
    const { epoch, revision, hash } = this.position;
    return {
      format: RECORD_FORMAT,
      logId: LOG_ID,
      epoch,
      revision: revision + 1,
      prevHash: hash,
      opId: `op-${epoch}-${revision + 1}`,
      requestDigest: new Uint8Array(0),
      kind: 'change',
      actor: { id: 't', kind: 'user' },
      wallMs: 0,
      comment: '',
      minReader: READER_VERSION,
      changes: [],
      parts: [],
      ...over,
    };
  }

  snapshot(): Snapshot {
    return {
      position: this.state.position,
      lineage: this.state.lineage,
      stateDigest: this.state.digest,
      entities: [...this.state.entities()],
      recentHashes: this.records.map(({ hash }) => hash),
    };
  }

  beacon(): HeadBeacon {
    return {
      logId: LOG_ID,
      epoch: this.position.epoch,
      stream: '',
      baseRevision: 0,
      headRevision: this.position.revision,
      headHash: this.position.hash,
      stateDigest: this.state.digest,
      minReader: READER_VERSION,
      controlPlaneId: 'cp',
      bootId: 'boot',
    };
  }

  #take(record: LogRecord): LogRecord {
    this.records.push(record);
    this.state.apply(record);
    this.position = { epoch: record.epoch, revision: record.revision, hash: record.hash };
    return record;
  }
}
