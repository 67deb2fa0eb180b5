/** AdminService's methods on API keys. A token leaves in one answer and is kept nowhere. */
import {
  apiKeyId,
  formatName,
  formatToken,
  invalidField,
  LIMITS,
  requireApiKeyName,
  requireName,
} from '@flagstream/protocol';
import {
  CreateKeyRequest,
  type CreateKeyResponse,
  type GetKeyRequest,
  type GetKeyResponse,
  type ListKeysRequest,
  type ListKeysResponse,
  RevokeKeyRequest,
  type RevokeKeyResponse,
  RotateKeyRequest,
  type RotateKeyResponse,
} from '@flagstream/protocol/gen/flagstream/v1/admin';
import { ApiKey } from '@flagstream/protocol/gen/flagstream/v1/model';
import { ENTITY_KIND, type EntityId } from '@flagstream/replica';
import { type CallContext, type Handler, unary } from '@flagstream/runtime';
import {
  createdKey,
  freshKeyId,
  freshSecret,
  type RandomBytes,
  requireSoundKey,
  revokedKey,
  rotatedKey,
  storedKey,
  withoutHashes,
} from '../commands/api-keys.ts';
import type { Edit } from '../commands/edit.ts';
import { boundedRead } from './bounded-read.ts';
import { type AdminParts, commandOf, type RequestCodec } from './collection-methods.ts';
import { listKeys } from './key-list.ts';
import { type KeyPresenter, presentKeyOf } from './key-presenter.ts';
import { requirePassable, requireSight } from './permissions.ts';
import { revisionOf } from './present.ts';
import type { WriteFields, WriteResult } from './writes.ts';

export interface KeyParts extends AdminParts, KeyPresenter {
  /** Unix milliseconds. */
  readonly now: () => number;
  readonly randomBytes: RandomBytes;
}

export function keyMethods(parts: KeyParts): Readonly<Record<string, Handler>> {
  const { now, randomBytes } = parts;
  return {
    createKey: unary<CreateKeyRequest, CreateKeyResponse>((request, context) => {
      const asked = request.key ?? ApiKey.fromPartial({});
      const scope = parentScope(request.parent);
      requireSoundKey(asked, scope.environment !== '', now());
      const [secret, keyId] = [freshSecret(randomBytes), freshKeyId(randomBytes)];
      const id = apiKeyId(scope.project, scope.environment, keyId);
      const next = (): ApiKey => {
        requirePassable(context.principal, asked, id);
        return createdKey(asked, secret, now());
      };
      const done = perform(parts, CreateKeyRequest, request, context, { id, path: 'key', op: 'key', next });
      const token = formatToken({ kind: asked.kind, environment: scope.environment, keyId, secret });
      return { ...done, token: done.isFirst ? token : '' };
    }),
    getKey: boundedRead<GetKeyRequest, GetKeyResponse>(parts.wait, (request, { principal }) => {
      const id = requireApiKeyName('name', request.name);
      requireSight(principal, id);
      return { key: presentKeyOf(parts, id), revision: revisionOf(parts.log.head()) };
    }),
    listKeys: boundedRead<ListKeysRequest, ListKeysResponse>(parts.wait, (request, { principal }) =>
      listKeys(parts, request, principal),
    ),
    rotateKey: unary<RotateKeyRequest, RotateKeyResponse>((request, context) => {
      const id = requireApiKeyName('name', request.name);
      if (request.overlapSeconds > LIMITS.keyOverlapSecondsMax)
        throw invalidField('overlap_seconds', `must be at most ${LIMITS.keyOverlapSecondsMax}`);
      const rotation = {
        secret: freshSecret(randomBytes),
        overlapMs: request.overlapSeconds * 1_000,
        retireOlder: request.retireOlder,
      };
      const next = (before: ApiKey | undefined): ApiKey => {
        // Whoever rotates a key holds it.
        if (before !== undefined) requirePassable(context.principal, before, id);
        return rotatedKey(id, before, rotation, now());
      };
      const done = perform(parts, RotateKeyRequest, request, context, { id, path: 'name', op: 'key', next });
      const { kind } = done.key;
      const token = formatToken({
        kind,
        environment: id.environment,
        keyId: id.key,
        secret: rotation.secret,
      });
      return { ...done, token: done.isFirst ? token : '' };
    }),
    revokeKey: unary<RevokeKeyRequest, RevokeKeyResponse>((request, context) => {
      const id = requireApiKeyName('name', request.name);
      const next = (before: ApiKey | undefined): ApiKey => revokedKey(id, before, now());
      const edit: Edit = { id, path: 'name', op: 'key', next, ends: true };
      return perform(parts, RevokeKeyRequest, request, context, edit);
    }),
  };
}

interface Performed {
  readonly key: ApiKey;
  readonly revision: ReturnType<typeof revisionOf>;
  /** This call has written, not one before it with the same op_id. */
  readonly isFirst: boolean;
}

function perform<T extends WriteFields>(
  parts: KeyParts,
  codec: RequestCodec<T>,
  request: T,
  context: CallContext,
  edit: Edit,
): Performed {
  let repeated: EntityId | undefined;
  const result: WriteResult = parts.writes.perform({
    ...commandOf(codec, request, context),
    edits: () => [edit],
    subjects: (revision) => {
      const { changes } = parts.history.record(revision);
      repeated = [...changes.values()].find(({ kind }) => kind === ENTITY_KIND.key);
      return repeated === undefined ? [] : [repeated];
    },
  });
  const id = repeated ?? edit.id;
  const wouldBe = storedKey(result.wouldBe?.get(id));
  return {
    key:
      wouldBe === undefined ? presentKeyOf(parts, id) : withoutHashes({ ...wouldBe, name: formatName(id) }),
    revision: revisionOf(result.position),
    isFirst: repeated === undefined && wouldBe === undefined,
  };
}

function parentScope(parent: string): { readonly project: string; readonly environment: string } {
  if (parent === '') return { project: '', environment: '' };
  const { project, key } = requireName('parent', parent, ENTITY_KIND.environment);
  return { project, environment: key };
}
