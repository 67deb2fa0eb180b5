/**
 * What becomes of an API key: made, given a second secret, revoked for ever.
 * Pure: time and secrets are arguments.
 */
import {
  endMsOf,
  fail,
  formatName,
  invalidField,
  isKey,
  LIMITS,
  newKeyId,
  newSecret,
  sha256,
  timestampOf,
} from '@flagstream/protocol';
import {
  ApiKey,
  KeyKind,
  type KeySecret,
  Role,
  roleToJSON,
  Verb,
  verbToJSON,
} from '@flagstream/protocol/gen/flagstream/v1/model';
import type { EntityChange, EntityId } from '@flagstream/replica';

/** @param secret its text; only its hash is kept */
export function createdKey(asked: ApiKey, secret: string, nowMs: number): ApiKey {
  const { kind, displayName, roles, verbs, expireTime } = asked;
  return ApiKey.fromPartial({
    kind,
    displayName,
    roles,
    verbs,
    ...(expireTime === undefined ? {} : { expireTime }),
    secrets: [newSecretOf(secret, nowMs)],
  });
}

const ROLES: readonly Role[] = [Role.VIEWER, Role.EDITOR, Role.OWNER, Role.NODE];
const VERBS: readonly Verb[] = [
  Verb.EVALUATE,
  Verb.EXPLAIN,
  Verb.SYNC,
  Verb.LOG,
  Verb.READ,
  Verb.WRITE,
  Verb.ADMINISTER,
];
/** The last millisecond of the year 9999: what lies beyond is no timestamp of protobuf's and cannot be shown. */
const EXPIRE_MS_MAX = 253_402_300_799_999;

/** A new one, and one that runs out. */
const SECRETS_MAX = 2;

export interface Rotation {
  readonly secret: string;
  readonly overlapMs: number;
  readonly retireOlder: boolean;
}

/**
 * Puts a new secret beside the newest one, which ends after the overlap.
 * @throws FlagstreamError FAILED_PRECONDITION reasons KEY_ENDED, KEY_SECRETS_MAX
 */
export function rotatedKey(id: EntityId, key: ApiKey | undefined, rotation: Rotation, nowMs: number): ApiKey {
  const live = requireLive(id, key, nowMs);
  const secrets = live.secrets.filter(({ expireTime }) => endMsOf(expireTime) > nowMs);
  if (secrets.length >= SECRETS_MAX && !rotation.retireOlder)
    throw fail(
      'KEY_SECRETS_MAX',
      `${formatName(id)} has two live secrets already: retire_older ends the older one`,
    );
  const newest = secrets.at(-1);
  const endMs = nowMs + rotation.overlapMs;
  const ending: KeySecret[] =
    newest === undefined || rotation.overlapMs === 0
      ? []
      : [{ ...newest, expireTime: timestampOf(Math.min(endMs, endMsOf(newest.expireTime))) }];
  return { ...live, secrets: [...ending, newSecretOf(rotation.secret, nowMs)] };
}

/**
 * A second revocation changes nothing. What is kept is never larger than the live key, and fits whatever the key
 * was: no key may be too large to be revoked. Hashes stay, so that whoever shows a secret is told what became of it.
 * @throws FlagstreamError KEY_NOT_FOUND
 */
export function revokedKey(id: EntityId, key: ApiKey | undefined, nowMs: number): ApiKey {
  const known = requireKnown(id, key);
  if (known.revokeTime !== undefined) return known;
  const { kind, displayName, roles, verbs, expireTime, secrets } = known;
  return ApiKey.fromPartial({
    kind,
    displayName: displayName.slice(0, LIMITS.displayNameLengthMax),
    roles: roles.slice(0, LIMITS.keyRolesMax),
    verbs: VERBS.filter((verb) => verbs.includes(verb)),
    ...(expireTime === undefined ? {} : { expireTime }),
    // Their times make room for the one time that is new, which is kept to the second for the same reason.
    secrets: secrets.slice(-SECRETS_MAX).map(({ sha256 }) => ({ sha256 })),
    revokeTime: timestampOf(nowMs - (nowMs % 1_000)),
  });
}

/** Bounds all that a caller says of a key. @throws FlagstreamError INVALID_FIELD naming the field of the request */
export function requireSoundKey(key: ApiKey, inEnvironment: boolean, nowMs: number): void {
  switch (key.kind) {
    case KeyKind.SERVER:
    case KeyKind.CLIENT:
      if (!inEnvironment)
        throw invalidField('parent', 'must name an environment: a server or client key belongs to one');
      if (key.roles.length > 0) throw invalidField('key.roles', 'are of admin keys only');
      break;
    case KeyKind.ADMIN:
      if (inEnvironment) throw invalidField('parent', 'must be empty: roles say where an admin key is valid');
      requireSoundRoles(key);
      break;
    default:
      throw invalidField('key.kind', 'must be KEY_KIND_SERVER, KEY_KIND_CLIENT or KEY_KIND_ADMIN');
  }
  if (key.displayName.length > LIMITS.displayNameLengthMax)
    throw invalidField('key.display_name', `must have at most ${LIMITS.displayNameLengthMax} characters`);
  requireSoundVerbs(key);
  const endMs = endMsOf(key.expireTime);
  if (key.expireTime !== undefined && !(endMs > nowMs && endMs <= EXPIRE_MS_MAX))
    throw invalidField('key.expire_time', 'must lie in the future, and before the year 10000');
}

function requireSoundVerbs({ verbs }: ApiKey): void {
  verbs.forEach((verb, index) => {
    if (!VERBS.includes(verb))
      throw invalidField(
        `key.verbs[${index}]`,
        'must be a verb that this release knows, such as VERB_EVALUATE',
      );
    if (verbs.indexOf(verb) < index)
      throw invalidField(`key.verbs[${index}]`, `names ${verbToJSON(verb)} a second time`);
  });
}

function requireSoundRoles({ roles }: ApiKey): void {
  if (roles.length === 0) throw invalidField('key.roles', 'must name at least one role');
  if (roles.length > LIMITS.keyRolesMax)
    throw invalidField('key.roles', `must be at most ${LIMITS.keyRolesMax}`);
  roles.forEach(({ role, project, environment }, index) => {
    const field = `key.roles[${index}]`;
    if (!ROLES.includes(role))
      throw invalidField(`${field}.role`, 'must be ROLE_VIEWER, ROLE_EDITOR, ROLE_OWNER or ROLE_NODE');
    if (project !== '' && !isKey(project))
      throw invalidField(`${field}.project`, 'must be the key of a project');
    if (environment !== '' && (project === '' || !isKey(environment)))
      throw invalidField(`${field}.environment`, 'must be the key of an environment of the named project');
    if (role === Role.NODE && project !== '')
      throw invalidField(
        field,
        `${roleToJSON(role)} is only bound to everything: the log holds all projects`,
      );
  });
}

/** Where entities are kept. A revoked key is a tombstone, and so forgotten by nodes in time. */
export function keyChange(id: EntityId, key: ApiKey): EntityChange {
  const content = ApiKey.encode({ ...key, name: formatName(id), etag: '' }).finish();
  return {
    ...id,
    deleted: key.revokeTime !== undefined,
    content,
    contentHash: sha256(content),
    tags: [],
    clientVisible: false,
  };
}

export function storedKey(change: EntityChange | undefined): ApiKey | undefined {
  return change === undefined ? undefined : ApiKey.decode(change.content);
}

function requireKnown(id: EntityId, key: ApiKey | undefined): ApiKey {
  const name = formatName(id);
  if (key === undefined) throw fail('KEY_NOT_FOUND', `${name} does not exist`, { metadata: { name } });
  return key;
}

function requireLive(id: EntityId, key: ApiKey | undefined, nowMs: number): ApiKey {
  const known = requireKnown(id, key);
  const name = formatName(id);
  if (known.revokeTime !== undefined) throw fail('KEY_ENDED', `${name} was revoked`, { metadata: { name } });
  if (endMsOf(known.expireTime) <= nowMs)
    throw fail('KEY_ENDED', `${name} has expired`, { metadata: { name } });
  return known;
}

function newSecretOf(secret: string, nowMs: number): KeySecret {
  return {
    sha256: Buffer.from(sha256(Buffer.from(secret))),
    createTime: timestampOf(nowMs),
    expireTime: undefined,
  };
}

/** As it may be shown: what tells a secret apart for its holders is its time, not its hash. */
export function withoutHashes(key: ApiKey): ApiKey {
  return { ...key, secrets: key.secrets.map((secret) => ({ ...secret, sha256: Buffer.alloc(0) })) };
}

const KEY_ID_BYTES = 12;
const SECRET_BYTES = 32;

/** That many bytes from a cryptographic source. */
export type RandomBytes = (count: number) => Uint8Array;

export function freshKeyId(randomBytes: RandomBytes): string {
  return newKeyId(randomBytes(KEY_ID_BYTES));
}

export function freshSecret(randomBytes: RandomBytes): string {
  return newSecret(randomBytes(SECRET_BYTES));
}
