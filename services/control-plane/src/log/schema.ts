/**
 * The SQLite file: opening, pragmas, versioned migrations. `synchronous` is set
 * and read back at each open: with FULL, a revision that was answered has
 * reached the disk.
 */
import { closeSync, openSync } from 'node:fs';
import { fail } from '@flagstream/protocol';
import type Database from 'better-sqlite3';
import { isDamage } from './file-damage.ts';
import { openFile, readPragma } from './native-objects.ts';

/** Migration n takes a file from schema version n to n + 1. Never edited once released. */
const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE head (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    epoch INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    hash BLOB NOT NULL,
    state_digest BLOB NOT NULL
  ) STRICT;
  CREATE TABLE epoch (
    epoch INTEGER PRIMARY KEY,
    base_revision INTEGER NOT NULL,
    base_hash BLOB NOT NULL,
    started_ms INTEGER NOT NULL,
    reason TEXT NOT NULL
  ) STRICT;
  CREATE TABLE log (
    revision INTEGER PRIMARY KEY,
    epoch INTEGER NOT NULL,
    hash BLOB NOT NULL,
    op_id TEXT NOT NULL UNIQUE,
    wall_ms INTEGER NOT NULL,
    bytes BLOB NOT NULL
  ) STRICT;
  CREATE TABLE entity (
    kind INTEGER NOT NULL,
    project TEXT NOT NULL,
    environment TEXT NOT NULL,
    key TEXT NOT NULL,
    version INTEGER NOT NULL,
    deleted INTEGER NOT NULL,
    content BLOB NOT NULL,
    content_hash BLOB NOT NULL,
    tags TEXT NOT NULL,
    client_visible INTEGER NOT NULL,
    PRIMARY KEY (kind, project, environment, key)
  ) STRICT;
  CREATE TABLE entity_revision (
    kind INTEGER NOT NULL,
    project TEXT NOT NULL,
    environment TEXT NOT NULL,
    key TEXT NOT NULL,
    revision INTEGER NOT NULL,
    PRIMARY KEY (kind, project, environment, key, revision)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX entity_revision_by_revision ON entity_revision (revision, kind);
  CREATE INDEX entity_revision_by_project ON entity_revision (project, revision, kind);
  `,
  `
  CREATE TABLE note (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    restored INTEGER NOT NULL,
    shipped_epoch INTEGER NOT NULL,
    announced_epoch INTEGER NOT NULL
  ) STRICT;
  INSERT INTO note (id, restored, shipped_epoch, announced_epoch) VALUES (1, 0, 0, 0);
  `,
  // `restored` held both for a while: whether, and over which epoch.
  `
  ALTER TABLE note ADD COLUMN restored_over INTEGER NOT NULL DEFAULT 0;
  UPDATE note SET restored = 1, restored_over = restored WHERE restored > 1;
  `,
];

/** The schema version that this release reads and writes. */
export const SCHEMA_VERSION: number = MIGRATIONS.length;

/**
 * When a commit is on the disk: before fold returns (full), or at the next
 * checkpoint (normal): then a power loss may take the newest answered revisions.
 */
export type Synchronous = 'full' | 'normal';

const SYNCHRONOUS_VALUE: Readonly<Record<Synchronous, number>> = { normal: 1, full: 2 };

/**
 * Opens the file at `path`, creating it with mode 0600, and brings it to this
 * release's schema.
 * @throws FlagstreamError SCHEMA_TOO_NEW when a newer release wrote it,
 * LOG_CORRUPT when it is damaged or no database at all.
 */
export function openDatabase(path: string, synchronous: Synchronous): Database.Database {
  closeSync(openSync(path, 'a', 0o600));
  const db = openFile(path);
  try {
    configure(db, synchronous);
    migrate(db, path);
  } catch (error) {
    db.close();
    throw isDamage(error) ? damagedFile(path, error) : error;
  }
  return db;
}

/** LOG_CORRUPT with the ways out, for a process that wanted to write to the file. */
export function damagedFile(path: string, cause: Error): Error {
  return fail(
    'LOG_CORRUPT',
    `${path} is not a database or is damaged (${cause.message}): restore a backup of it, or use another folder (--data DIR)`,
    { metadata: { path }, cause },
  );
}

/** SCHEMA_TOO_NEW with the ways out, for a file with something of a later version than the one supported. */
export function tooNewFile(path: string, what: string, found: number, supported: number): Error {
  return fail(
    'SCHEMA_TOO_NEW',
    `${path} has ${what} ${found}, this release reads up to ${supported}: ` +
      'run the release that wrote it, use another folder (--data DIR), or start anew (make reset)',
    { metadata: { found: String(found), supported: String(supported) } },
  );
}

function configure(db: Database.Database, synchronous: Synchronous): void {
  db.exec(`
    PRAGMA busy_timeout = 5000;
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = ${synchronous};
    PRAGMA foreign_keys = ON;
    PRAGMA trusted_schema = OFF;
    PRAGMA cell_size_check = ON;
    PRAGMA journal_size_limit = 67108864;
  `);
  // The library is compiled with NORMAL for WAL files, which loses answered commits on power loss.
  if (readPragma(db, 'synchronous') !== SYNCHRONOUS_VALUE[synchronous])
    throw fail('INTERNAL', `SQLite did not take synchronous=${synchronous}`);
  if (readPragma(db, 'journal_mode') !== 'wal')
    throw fail(
      'DATA_DIR_UNWRITABLE',
      'SQLite did not take journal_mode=WAL: the file system lacks shared memory',
    );
}

function migrate(db: Database.Database, path: string): void {
  const version = Number(readPragma(db, 'user_version'));
  if (version > SCHEMA_VERSION) throw tooNewFile(path, 'schema version', version, SCHEMA_VERSION);
  for (let from = version; from < SCHEMA_VERSION; from++) {
    db.transaction(() => {
      db.exec(MIGRATIONS[from]!);
      db.exec(`PRAGMA user_version = ${from + 1}`);
    }).immediate();
  }
}
