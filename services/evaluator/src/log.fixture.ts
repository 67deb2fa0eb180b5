/** For tests: a log in memory, made of real records, as a control plane would commit and publish them. */
import { createHash, randomBytes } from 'node:crypto';
import { recordCodec } from '@flagstream/protocol';
import {
  Environment,
  Flag,
  FlagConfig,
  Project,
  Segment,
  SegmentMembers,
} from '@flagstream/protocol/gen/flagstream/v1/model';
import {
  ENTITY_KIND,
  type EntityChange,
  type EntityId,
  genesisFields,
  type HeadAuthority,
  type HeadBeacon,
  LOG_ID,
  type LogListener,
  type LogRecord,
  type LogSource,
  LogState,
  type LogSubscription,
  type Position,
  READER_VERSION,
  RECORD_FORMAT,
  type RecordFields,
  type Snapshot,
  type SnapshotSource,
} from '@flagstream/replica';
import type { Units } from '../../../packages/engine/src/laws/tame-definitions.fixture.ts';

const ACTOR = { id: 'test', kind: 'user' };

export function change(id: EntityId, content: Uint8Array | undefined): EntityChange {
  const bytes = content ?? new Uint8Array(0);
  const contentHash = createHash('sha256').update(bytes).digest();
  return {
    ...id,
    deleted: content === undefined,
    content: bytes,
    contentHash,
    tags: [],
    clientVisible: false,
  };
}

const idOf = (kind: EntityId['kind'], project: string, environment: string, key: string): EntityId => ({
  kind,
  project,
  environment,
  key,
});

/** Entities as JSON of their messages; null archives them. */
export const entity = {
  project: (project: string, json: object | null = {}) =>
    change(
      idOf(ENTITY_KIND.project, project, '', project),
      json === null ? undefined : Project.encode(Project.fromJSON(json)).finish(),
    ),
  environment: (project: string, key: string, json: object | null = {}) =>
    change(
      idOf(ENTITY_KIND.environment, project, '', key),
      json === null ? undefined : Environment.encode(Environment.fromJSON(json)).finish(),
    ),
  flag: (project: string, key: string, json: object | null) =>
    change(
      idOf(ENTITY_KIND.flag, project, '', key),
      json === null ? undefined : Flag.encode(Flag.fromJSON(json)).finish(),
    ),
  config: (project: string, environment: string, key: string, json: object | null) =>
    change(
      idOf(ENTITY_KIND.flagConfig, project, environment, key),
      json === null ? undefined : FlagConfig.encode(FlagConfig.fromJSON(json)).finish(),
    ),
  segment: (project: string, key: string, json: object | null) =>
    change(
      idOf(ENTITY_KIND.segment, project, '', key),
      json === null ? undefined : Segment.encode(Segment.fromJSON(json)).finish(),
    ),
  part: (project: string, members: readonly string[]) => {
    const content = SegmentMembers.encode({ members: [...members] }).finish();
    const key = createHash('sha256').update(content).digest('hex');
    return change(idOf(ENTITY_KIND.part, project, '', key), content);
  },
};

/** A boolean flag with variants `on` and `off`. */
export const booleanFlag = {
  kind: 'FLAG_KIND_BOOLEAN',
  variants: [
    { key: 'on', value: true },
    { key: 'off', value: false },
  ],
  offVariant: 'off',
};

/** A string flag with one variant for each value, named as it. */
export const stringFlag = (...values: string[]): object => ({
  kind: 'FLAG_KIND_STRING',
  variants: values.map((value) => ({ key: value, value })),
});

/** On, and the variant for all. */
export const serving = (variant: string): object => ({ enabled: true, fallthrough: { variant } });

export class MemoryLog implements LogSource, SnapshotSource, HeadAuthority {
  readonly records: LogRecord[] = [];
  /** Position of each `open`, in order. */
  readonly opened: Position[] = [];
  readonly origin = 'control-plane';
  snapshotsFetched = 0;
  /** Set: a fetch is refused. */
  snapshotFault: string | undefined;
  /** Set: questions for the head are refused. */
  headFault: string | undefined;
  /** Set: commits are not delivered, as on a line that is cut. */
  cut = false;
  readonly #state: LogState = new LogState(recordCodec);
  #listeners = new Set<LogListener>();

  constructor() {
    const lineage = [
      { epoch: 1, baseRevision: 0, baseHash: randomBytes(32), startedMs: 1, reason: 'created' },
    ];
    this.append(recordCodec.encodeRecord(genesisFields(lineage, 'genesis', ACTOR)));
  }

  get position(): Position {
    return this.#state.position;
  }

  /** Oldest record that is still there. */
  get firstRevision(): number {
    return this.records[0]?.revision ?? 1;
  }

  get state(): LogState {
    return this.#state;
  }

  /** The fields that the next record has. */
  next(changes: readonly EntityChange[], over: Partial<RecordFields> = {}): RecordFields {
    const { epoch, revision, hash } = this.position;
    return {
      format: RECORD_FORMAT,
      logId: LOG_ID,
      epoch,
      revision: revision + 1,
      prevHash: hash,
      opId: `op-${revision + 1}`,
      requestDigest: new Uint8Array(0),
      kind: 'change',
      actor: ACTOR,
      wallMs: revision,
      comment: '',
      minReader: READER_VERSION,
      changes,
      parts: [],
      ...over,
    };
  }

  commit(...changes: EntityChange[]): LogRecord {
    return this.append(recordCodec.encodeRecord(this.next(changes)));
  }

  append(record: LogRecord): LogRecord {
    const outcome = this.#state.apply(record);
    if (outcome.kind !== 'applied') throw new Error(`the log does not take its own record: ${outcome.kind}`);
    this.records.push(record);
    if (!this.cut) this.deliver(record);
    return record;
  }

  /** Sends records as they are to whoever follows, then the head. */
  deliver(...records: LogRecord[]): void {
    for (const listener of this.#listeners) {
      listener.records(records.map(({ bytes }) => bytes));
      listener.head(this.beacon());
    }
  }

  /** Tells the head alone. */
  beat(): void {
    for (const listener of this.#listeners) listener.head(this.beacon());
  }

  status(status: Parameters<LogListener['status']>[0]): void {
    for (const listener of this.#listeners) listener.status(status);
  }

  open(after: Position, listener: LogListener): LogSubscription {
    this.opened.push(after);
    this.#listeners.add(listener);
    listener.status({ kind: 'live' });
    const missing = this.records.filter(({ revision }) => revision > after.revision);
    if (missing.length > 0) listener.records(missing.map(({ bytes }) => bytes));
    listener.head(this.beacon());
    return {
      close: () => {
        this.#listeners.delete(listener);
        return Promise.resolve();
      },
    };
  }

  fetch(): Promise<Snapshot> {
    this.snapshotsFetched += 1;
    if (this.snapshotFault !== undefined) return Promise.reject(new Error(this.snapshotFault));
    return Promise.resolve(this.snapshot());
  }

  askHead(): Promise<HeadBeacon> {
    if (this.headFault !== undefined) return Promise.reject(new Error(this.headFault));
    return Promise.resolve(this.beacon());
  }

  snapshot(): Snapshot {
    return {
      position: this.position,
      lineage: this.#state.lineage,
      stateDigest: this.#state.digest,
      entities: [...this.#state.entities()],
      recentHashes: this.records.slice(-10_000).map(({ hash }) => hash),
    };
  }

  beacon(): HeadBeacon {
    const { epoch, revision, hash } = this.position;
    return {
      logId: LOG_ID,
      epoch,
      stream: '',
      baseRevision: 0,
      headRevision: revision,
      headHash: hash,
      stateDigest: this.#state.digest,
      minReader: READER_VERSION,
      controlPlaneId: 'test',
      bootId: 'test',
    };
  }
}

/** A log with project `default`, environment `development`, and a boolean flag `new-checkout` that is on. */
export function shopLog(): MemoryLog {
  const log = new MemoryLog();
  log.commit(entity.project('default'), entity.environment('default', 'development'));
  log.commit(
    entity.flag('default', 'new-checkout', booleanFlag),
    entity.config('default', 'development', 'new-checkout', serving('on')),
  );
  return log;
}

/** The whole set as one record, in the place of the one before. */
export function commitUnits(log: MemoryLog, { flags, segments }: Units): void {
  log.commit(
    ...flags.flatMap(({ key, flag, config = {} }) => [
      entity.flag('default', key, flag),
      entity.config('default', 'development', key, config),
    ]),
    ...segments.map(({ key, segment }) => entity.segment('default', key, segment)),
  );
}
