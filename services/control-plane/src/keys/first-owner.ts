/**
 * The first key of an installation that asks for keys: without it nobody could
 * make one. Its token is written to a file that only the owner of the process
 * can read, and stands nowhere else.
 */
import {
  closeSync,
  constants,
  fchmodSync,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { apiKeyId, formatToken } from '@flagstream/protocol';
import { ApiKey, KeyKind, Role } from '@flagstream/protocol/gen/flagstream/v1/model';
import type { Writes } from '../admin/writes.ts';
import { createdKey, freshKeyId, freshSecret, type RandomBytes } from '../commands/api-keys.ts';
import { type ChangeLog, SYSTEM_ACTOR } from '../log/change-log.ts';
import { hasOwner } from './owners.ts';

export interface FirstOwnerParts {
  readonly log: ChangeLog;
  readonly writes: Writes;
  readonly dataDir: string;
  /** Unix milliseconds. */
  readonly now: () => number;
  readonly randomBytes: RandomBytes;
}

/** Below the data folder. */
const OWNER_KEY_FILE = 'owner-key';
/** For the owner of the process alone. */
const SECRET_MODE = 0o600;

/**
 * Makes an owner's key where none is in service that may do everything.
 * @returns the path of the file with its token, when one was made
 * @throws FlagstreamError STORAGE_FULL, and what writing the file throws: then no key was made
 */
export function makeFirstOwner({
  log,
  writes,
  dataDir,
  now,
  randomBytes,
}: FirstOwnerParts): string | undefined {
  if (log.writesStopped !== undefined || hasOwner(log, now())) return undefined;
  const [keyId, secret] = [freshKeyId(randomBytes), freshSecret(randomBytes)];
  const file = join(dataDir, OWNER_KEY_FILE);
  // First the file: a key whose token is lost would stand in the way of another one.
  writeSecretFile(file, formatToken({ kind: KeyKind.ADMIN, environment: '', keyId, secret }));
  const asked = ApiKey.fromPartial({
    kind: KeyKind.ADMIN,
    displayName: 'first owner',
    roles: [{ role: Role.OWNER, project: '', environment: '' }],
  });
  writes.perform({
    method: 'first-owner',
    requestJson: {},
    principal: SYSTEM_ACTOR,
    permit: () => undefined,
    opId: '',
    actor: '',
    comment: 'made because there was no key of an owner',
    validateOnly: false,
    edits: () => [
      { op: 'key', id: apiKeyId('', '', keyId), path: 'key', next: () => createdKey(asked, secret, now()) },
    ],
    subjects: () => [],
  });
  return file;
}

/** Whatever lies under these names, a link to elsewhere or a file that others may read, is replaced and not written. */
function writeSecretFile(file: string, token: string): void {
  const draft = `${file}.new`;
  rmSync(draft, { force: true });
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  const descriptor = openSync(draft, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, SECRET_MODE);
  try {
    // The process's umask may have taken more from the mode than others' access.
    fchmodSync(descriptor, SECRET_MODE);
    writeSync(descriptor, `${token}\n`);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(draft, file);
}
