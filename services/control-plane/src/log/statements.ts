/** Every SQL statement of the store, prepared once. */
import type { StoredRecord } from '@flagstream/replica';
import type Database from 'better-sqlite3';
import type { EntityRow } from './entity-row.ts';
import { keep } from './native-objects.ts';

interface HeadRow {
  readonly epoch: number;
  readonly revision: number;
  readonly hash: Uint8Array;
  readonly state_digest: Uint8Array;
}

interface EpochRow {
  readonly epoch: number;
  readonly base_revision: number;
  readonly base_hash: Uint8Array;
  readonly started_ms: number;
  readonly reason: string;
}

interface IdRow {
  readonly kind: number;
  readonly project: string;
  readonly environment: string;
  readonly key: string;
}

interface NoteRow {
  readonly restored: number;
  readonly restored_over: number;
  readonly shipped_epoch: number;
  readonly announced_epoch: number;
}

type IdParams = [kind: number, project: string, environment: string, key: string];

export interface Statements {
  readonly head: Database.Statement<[], HeadRow>;
  readonly putHead: Database.Statement<[object]>;
  readonly epochs: Database.Statement<[], EpochRow>;
  readonly putEpoch: Database.Statement<[object]>;
  readonly insertLog: Database.Statement<[object]>;
  readonly readLog: Database.Statement<[number, number], StoredRecord>;
  readonly recordAt: Database.Statement<[number], StoredRecord>;
  readonly findOperation: Database.Statement<[string], StoredRecord>;
  readonly wallMsAt: Database.Statement<[number], number>;
  readonly bytesAfter: Database.Statement<[number], number>;
  readonly hashesAfter: Database.Statement<[number], Uint8Array>;
  readonly entity: Database.Statement<IdParams, EntityRow>;
  readonly entities: Database.Statement<[object], EntityRow>;
  readonly all: Database.Statement<[], EntityRow>;
  readonly putEntity: Database.Statement<[object]>;
  readonly dropEntity: Database.Statement<IdParams>;
  readonly putRevision: Database.Statement<[...IdParams, number]>;
  readonly revisionsOf: Database.Statement<[...IdParams, number, number], number>;
  readonly firstRevisionOf: Database.Statement<IdParams, number>;
  readonly namedRevisions: Database.Statement<[number, number], number>;
  readonly namedRevisionsOfProject: Database.Statement<[string, number, number], number>;
  readonly namedChanged: Database.Statement<[number, number, number], IdRow>;
  readonly namedChangedOfProject: Database.Statement<[string, number, number, number], IdRow>;
  readonly note: Database.Statement<[], NoteRow>;
  readonly clearRestored: Database.Statement<[]>;
  readonly putShippedEpoch: Database.Statement<[number]>;
  readonly putAnnouncedEpoch: Database.Statement<[number]>;
}

const ID = 'kind = ? AND project = ? AND environment = ? AND key = ?';
const ORDER = 'ORDER BY kind, project, environment, key';
/** Kinds that people change: those that can be taken back, and API keys (6), which cannot. Parts (7) come with segments. */
const REVERTIBLE = 'kind <= 5';
const LISTED = 'kind <= 6';

export function prepareStatements(db: Database.Database): Statements {
  const statements: Statements = {
    head: db.prepare('SELECT epoch, revision, hash, state_digest FROM head'),
    putHead: db.prepare(
      `INSERT INTO head (id, epoch, revision, hash, state_digest) VALUES (1, @epoch, @revision, @hash, @stateDigest)
       ON CONFLICT (id) DO UPDATE SET epoch = @epoch, revision = @revision, hash = @hash, state_digest = @stateDigest`,
    ),
    epochs: db.prepare(
      'SELECT epoch, base_revision, base_hash, started_ms, reason FROM epoch ORDER BY epoch',
    ),
    putEpoch: db.prepare(
      `INSERT OR REPLACE INTO epoch (epoch, base_revision, base_hash, started_ms, reason)
       VALUES (@epoch, @baseRevision, @baseHash, @startedMs, @reason)`,
    ),
    insertLog: db.prepare(
      `INSERT INTO log (revision, epoch, hash, op_id, wall_ms, bytes)
       VALUES (@revision, @epoch, @hash, @opId, @wallMs, @bytes)`,
    ),
    readLog: db.prepare(
      'SELECT epoch, revision, hash, bytes FROM log WHERE revision > ? ORDER BY revision LIMIT ?',
    ),
    recordAt: db.prepare('SELECT epoch, revision, hash, bytes FROM log WHERE revision = ?'),
    findOperation: db.prepare('SELECT epoch, revision, hash, bytes FROM log WHERE op_id = ?'),
    wallMsAt: db.prepare<[number], number>('SELECT wall_ms FROM log WHERE revision = ?').pluck(),
    bytesAfter: db
      .prepare<[number], number>('SELECT coalesce(sum(length(bytes)), 0) FROM log WHERE revision > ?')
      .pluck(),
    hashesAfter: db
      .prepare<[number], Uint8Array>('SELECT hash FROM log WHERE revision > ? ORDER BY revision')
      .pluck(),
    entity: db.prepare(`SELECT * FROM entity WHERE ${ID}`),
    entities: db.prepare(
      `SELECT * FROM entity WHERE kind = @kind AND (@project IS NULL OR project = @project)
       AND (@environment IS NULL OR environment = @environment) AND key > @afterKey ORDER BY key LIMIT @limit`,
    ),
    all: db.prepare(`SELECT * FROM entity ${ORDER}`),
    putEntity: db.prepare(
      `INSERT OR REPLACE INTO entity
       (kind, project, environment, key, version, deleted, content, content_hash, tags, client_visible)
       VALUES (@kind, @project, @environment, @key, @version, @deleted, @content, @contentHash, @tags, @clientVisible)`,
    ),
    dropEntity: db.prepare(`DELETE FROM entity WHERE ${ID}`),
    putRevision: db.prepare(
      'INSERT OR IGNORE INTO entity_revision (kind, project, environment, key, revision) VALUES (?, ?, ?, ?, ?)',
    ),
    revisionsOf: db
      .prepare<[...IdParams, number, number], number>(
        `SELECT revision FROM entity_revision WHERE ${ID} AND revision < ? ORDER BY revision DESC LIMIT ?`,
      )
      .pluck(),
    firstRevisionOf: db
      .prepare<IdParams, number>(`SELECT revision FROM entity_revision WHERE ${ID} ORDER BY revision LIMIT 1`)
      .pluck(),
    namedRevisions: db
      .prepare<[number, number], number>(
        `SELECT DISTINCT revision FROM entity_revision INDEXED BY entity_revision_by_revision
         WHERE revision < ? AND ${LISTED} ORDER BY revision DESC LIMIT ?`,
      )
      .pluck(),
    namedRevisionsOfProject: db
      .prepare<[string, number, number], number>(
        `SELECT DISTINCT revision FROM entity_revision INDEXED BY entity_revision_by_project
         WHERE project = ? AND revision < ? AND ${LISTED} ORDER BY revision DESC LIMIT ?`,
      )
      .pluck(),
    namedChanged: db.prepare(
      `SELECT DISTINCT kind, project, environment, key FROM entity_revision INDEXED BY entity_revision_by_revision
       WHERE revision > ? AND revision <= ? AND ${REVERTIBLE} ${ORDER} LIMIT ?`,
    ),
    namedChangedOfProject: db.prepare(
      `SELECT DISTINCT kind, project, environment, key FROM entity_revision INDEXED BY entity_revision_by_project
       WHERE project = ? AND revision > ? AND revision <= ? AND ${REVERTIBLE} ${ORDER} LIMIT ?`,
    ),
    note: db.prepare('SELECT restored, restored_over, shipped_epoch, announced_epoch FROM note'),
    clearRestored: db.prepare('UPDATE note SET restored = 0'),
    putShippedEpoch: db.prepare('UPDATE note SET shipped_epoch = ?'),
    putAnnouncedEpoch: db.prepare('UPDATE note SET announced_epoch = ?'),
  };
  for (const statement of Object.values(statements)) keep(statement);
  return statements;
}
