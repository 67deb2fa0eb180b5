/**
 * What the methods of every collection share: from a request to edits, and
 * from a result back to a resource.
 */
import {
  formatName,
  invalidField,
  isFlagKey,
  isKey,
  type NamedKind,
  requireName,
} from '@flagstream/protocol';
import type { Revision } from '@flagstream/protocol/gen/flagstream/v1/model';
import type { EntityId } from '@flagstream/replica';
import type { CallContext, RevisionWait } from '@flagstream/runtime';
import type { Edit } from '../commands/edit.ts';
import { maskedFields } from '../commands/field-mask.ts';
import { type Message, RESOURCE_TYPES, typeOf } from '../commands/resource.ts';
import type { History } from '../log/history.ts';
import { KEY_ACTOR } from './operation-id.ts';
import { requireControl } from './permissions.ts';
import { presentChange, revisionOf, unwritten } from './present.ts';
import type { Reads } from './reads.ts';
import { requestJson } from './request-digest.ts';
import type { WriteCommand, WriteFields, WriteResult, Writes } from './writes.ts';

/** What the methods work on. */
export interface AdminParts {
  readonly writes: Writes;
  readonly reads: Reads;
  readonly history: History;
  readonly wait: RevisionWait;
}

/** Encodes a request type as JSON. */
export interface RequestCodec<T> {
  toJSON(message: T): unknown;
}

export interface WrittenResource<M extends Message> {
  readonly message: M;
  readonly revision: Revision;
}

/** Performs edits whose entities are known from the request alone. */
export function performEdits<T extends WriteFields>(
  parts: AdminParts,
  codec: RequestCodec<T>,
  request: T,
  context: CallContext,
  edits: readonly Edit[],
): WriteResult {
  return parts.writes.perform({
    ...commandOf(codec, request, context),
    edits: () => edits,
    subjects: () => edits.map((edit) => edit.id),
  });
}

/** What every write command takes from its request and its caller. */
export function commandOf<T extends WriteFields>(
  codec: RequestCodec<T>,
  request: T,
  context: CallContext,
): Omit<WriteCommand, 'edits' | 'subjects'> {
  const { opId, actor, comment, validateOnly } = request;
  return {
    method: context.method,
    requestJson: requestJson(codec, request),
    principal: principalActor(context),
    permit: (id) => requireControl(context.principal, id),
    opId,
    actor,
    comment,
    validateOnly,
  };
}

/** Performs edits of one resource and answers it as it is then. */
export function performOne<M extends Message, T extends WriteFields>(
  parts: AdminParts,
  codec: RequestCodec<T>,
  request: T,
  context: CallContext,
  edits: readonly [Edit, ...Edit[]],
): WrittenResource<M> {
  const result = performEdits(parts, codec, request, context, edits);
  return { message: resultOf(parts, edits[0].id, result) as M, revision: revisionOf(result.position) };
}

function resultOf(parts: AdminParts, id: EntityId, result: WriteResult): Message {
  if (result.wouldBe === undefined) return parts.reads.messageAt(id, result.position.revision);
  const change = result.wouldBe.get(id);
  return change === undefined ? unwritten(id, formatName(id)) : presentChange(change);
}

/** A key's owner; callers on loopback without keys name themselves. */
export function principalActor({ principal }: CallContext): { id: string; kind: string } | undefined {
  return principal.kind === 'anonymous' ? undefined : { id: principal.id, kind: KEY_ACTOR };
}

/** @throws FlagstreamError INVALID_FIELD naming the field of the request. */
export function requireKey(field: string, key: string): string {
  if (isKey(key)) return key;
  throw invalidField(
    field,
    'must be 1 to 128 of a-z, 0-9, ".", "_" and "-", and start with a letter or digit',
  );
}

/** @throws FlagstreamError INVALID_FIELD naming the field of the request. */
export function requireFlagKey(field: string, key: string): string {
  if (isFlagKey(key)) return key;
  throw invalidField(
    field,
    'must be 1 to 128 of A-Z, a-z, 0-9, ".", "_" and "-", and start with a letter or digit',
  );
}

/** A message that a request must hold. */
function requireMessage<M>(field: string, message: M | undefined): M {
  if (message === undefined) throw invalidField(field, 'is missing');
  return message;
}

/** The edit of an Update request. */
export function updateEdit(
  kind: NamedKind,
  field: string,
  message: Message | undefined,
  mask: readonly string[] | undefined,
): Edit {
  const resource = requireMessage(field, message);
  const id = requireName(`${field}.name`, resource.name, kind);
  const fields = maskedFields(RESOURCE_TYPES[kind], mask);
  return { op: 'update', id, path: field, message: resource, fields };
}

/** The edit of an Archive request. */
export function archiveEdit(
  kind: NamedKind,
  request: { readonly name: string; readonly etag: string },
): Edit {
  const id = requireName('name', request.name, kind);
  return { op: 'archive', id, path: 'name', etag: request.etag };
}

/** The edit of a Create request. Without a message, the resource has its defaults. */
export function createEdit(id: EntityId, field: string, message: Message | undefined): Edit {
  const resource = message ?? typeOf(id).empty();
  // A new resource has no etag that could be current.
  return { op: 'create', id, path: field, message: { ...resource, etag: '' } };
}
