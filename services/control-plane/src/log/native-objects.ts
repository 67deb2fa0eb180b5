/**
 * What better-sqlite3 makes is kept for the life of the process.
 *
 * On Node 24 (seen with 24.21) the destructor of its native objects aborts the
 * process when the garbage collector runs it: `Assertion failed: (env) !=
 * nullptr` in RemoveEnvironmentCleanupHook, for node_object_wrap.h removes a
 * hook there where no environment is entered (WiseLibs/better-sqlite3#1515).
 * The library's 13.x is free of it, and needs Node 22. So nothing it makes may
 * become garbage: databases and statements are made here alone, and never for
 * one use only. A process has two databases and some thirty statements; a
 * maintenance thread has its own, which end with it (tried on 24.21).
 */
import Database from 'better-sqlite3';

const kept: object[] = [];

export function keep<Native extends object>(native: Native): Native {
  kept.push(native);
  return native;
}

/** Opens or creates the file. The library's own `pragma` makes a statement for each use: see `readPragma`. */
export function openFile(path: string, options: Database.Options = {}): Database.Database {
  return keep(new Database(path, options));
}

/** The value of one pragma; once per database, for the statement stays. Set pragmas with `exec`. */
export function readPragma(db: Database.Database, name: string): unknown {
  return keep(db.prepare(`PRAGMA ${name}`))
    .pluck()
    .get();
}
