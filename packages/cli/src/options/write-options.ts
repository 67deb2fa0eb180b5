/** Flags of every command that writes: who, why, under which operation id, and whether at all. */
import { userInfo } from 'node:os';
import type { Revision } from '@flagstream/protocol/gen/flagstream/v1/model';
import { formatPosition } from '@flagstream/replica';
import { type Command, Option } from 'commander';
import type { CliSession } from '../cli-session.ts';

export interface WriteOptions {
  readonly actor?: string;
  readonly comment?: string;
  readonly opId?: string;
  readonly dryRun?: boolean;
}

/** The fields that every write request has. */
export interface WriteFields {
  readonly actor: string;
  readonly comment: string;
  readonly opId: string;
  readonly validateOnly: boolean;
}

export function withWrite(command: Command): Command {
  return command
    .option('-m, --comment <text>', 'why; protected environments ask for it')
    .option('--dry-run', 'check everything and write nothing')
    .addOption(new Option('--actor <name>', 'who; your user name if not given').env('FLAGSTREAM_ACTOR'))
    .option('--op-id <id>', 'operation id: a repeated command with the same id is carried out once');
}

/** `etag` for commands that change one resource. */
export function withEtag(command: Command): Command {
  return command.option('--etag <etag>', 'refuse if the resource has changed since this etag was read');
}

export function writeFields(options: WriteOptions): WriteFields {
  return {
    actor: options.actor ?? localUser(),
    comment: options.comment ?? '',
    // One that nobody knows repeats nothing, and would make a record of what changes nothing.
    opId: options.opId ?? '',
    validateOnly: options.dryRun === true,
  };
}

/** Says on stderr what a write has done; without a revision there was nothing to do. */
export function noteWrite(
  session: CliSession,
  options: WriteOptions,
  done: string,
  revision: Revision | undefined,
): void {
  const at = revision === undefined ? ', as before' : ` (${revisionText(revision)})`;
  session.terminal.note(options.dryRun === true ? `dry run, nothing written: ${done}` : `${done}${at}`);
}

/** "revision 42, e1.42": the number for `revert` and `diff`, and the token for `--min-rev`. */
export function revisionText({ epoch, revision }: Revision): string {
  return `revision ${revision}, ${formatPosition({ epoch, revision: Number(revision) })}`;
}

function localUser(): string {
  try {
    return userInfo().username;
  } catch {
    // A container's user may have no entry in the password file.
    return '';
  }
}
