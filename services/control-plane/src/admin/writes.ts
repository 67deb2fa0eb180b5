/**
 * Every write: idempotency, permission, decision, commit, in this order and in
 * one turn of the event loop, so that writes are serial.
 *
 * Holds true: an op_id that its caller has in the log never writes again; its
 * retry gets the stored result.
 */
import { fail, invalidField, LIMITS } from '@flagstream/protocol';
import type { ChangeAction } from '@flagstream/protocol/gen/flagstream/v1/admin';
import {
  type Actor,
  bytesEqual,
  type EntityChange,
  type EntityId,
  type LogRecord,
  type Position,
} from '@flagstream/replica';
import { crashPoint } from '@flagstream/runtime';
import type { CompiledSets } from '../commands/compiled-sets.ts';
import { decide } from '../commands/decide.ts';
import type { Draft } from '../commands/draft.ts';
import type { Edit } from '../commands/edit.ts';
import { actionOf } from '../commands/outcome.ts';
import type { ChangeLog } from '../log/change-log.ts';
import type { History } from '../log/history.ts';
import { KEY_ACTOR, operationId, storedOperationId } from './operation-id.ts';
import { requestDigest } from './request-digest.ts';

/** The fields that every write request has. */
export interface WriteFields {
  readonly opId: string;
  readonly actor: string;
  readonly comment: string;
  readonly validateOnly: boolean;
}

export interface WriteCommand extends WriteFields {
  /** Full method name. */
  readonly method: string;
  readonly requestJson: unknown;
  /** Who asks, by key; undefined where callers are trusted to name themselves. */
  readonly principal: Actor | undefined;
  /** Throws unless the caller may change the entity. */
  readonly permit: (id: EntityId) => void;
  /** Called once the request is known to be a new one. */
  readonly edits: () => readonly Edit[];
  /** Entities whose actions a retry is told, given the revision that the first call made. */
  readonly subjects: (revision: number) => readonly EntityId[];
}

export interface WriteResult {
  readonly position: Position;
  /** By entity, in the order of the edits. */
  readonly actions: readonly { readonly id: EntityId; readonly action: ChangeAction }[];
  /** The states that a validate_only call would have written. */
  readonly wouldBe: Draft | undefined;
}

export interface WritesOptions {
  readonly log: ChangeLog;
  readonly history: History;
  readonly sets: CompiledSets;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** That many random bytes. */
  readonly randomBytes: (count: number) => Uint8Array;
}

/** "#" marks the control plane's own: staged parts of an operation, upkeep. */
const OPERATION_ID = /^[A-Za-z0-9._:/-]*$/;

export class Writes {
  readonly #options: WritesOptions;

  constructor(options: WritesOptions) {
    this.#options = options;
  }

  /** @throws FlagstreamError of the catalogue; then nothing was written. */
  perform(command: WriteCommand): WriteResult {
    checkFields(command);
    const { log, sets, now, randomBytes } = this.#options;
    const digest = requestDigest(command.method, command.requestJson);
    const known = command.opId === '' ? undefined : this.#findOperation(command, digest);
    if (known !== undefined) {
      const subjects = command.subjects(known.revision);
      for (const id of subjects) command.permit(id);
      return this.#repeat(known, subjects);
    }
    const edits = command.edits();
    for (const { id } of edits) command.permit(id);
    const circumstances = { nowMs: now(), comment: command.comment };
    const decision = decide(log.store, sets, edits, circumstances);
    // An edit may take others along: a flag its configurations.
    for (const change of decision.changes) command.permit(change);
    const actions = edits.map(({ id }, i) => ({ id, action: decision.actions[i]! }));
    if (command.validateOnly) return { position: log.head(), actions, wouldBe: decision.draft };
    // What is so already makes no revision, unless the caller named the operation: its retry must get this
    // result also after somebody else has changed what was so.
    if (decision.changes.length === 0 && command.opId === '')
      return { position: log.head(), actions, wouldBe: undefined };
    crashPoint('after-validation');
    const position = log.append({
      opId:
        command.opId === ''
          ? operationId(circumstances.nowMs, randomBytes(10))
          : storedOperationId(command.principal, command.opId),
      requestDigest: digest,
      actor: actorOf(command),
      comment: command.comment,
      changes: decision.changes,
    });
    crashPoint('commit-before-answer');
    sets.adopt(decision.proposal);
    return { position, actions, wouldBe: undefined };
  }

  #findOperation(command: WriteCommand, digest: Uint8Array): LogRecord | undefined {
    const record = this.#ownOperation(command);
    if (record === undefined || bytesEqual(record.requestDigest, digest)) return record;
    throw fail('OP_ID_REUSED', `op_id: ${command.opId} was used for another request`, {
      metadata: { opId: command.opId, revision: String(record.revision) },
      fields: [{ field: 'op_id', description: 'was used for another request' }],
    });
  }

  /** What the caller did by this id. An id of the server's, or of an earlier release, has no key before it. */
  #ownOperation({ principal, opId }: WriteCommand): LogRecord | undefined {
    const { log, history } = this.#options;
    const own = log.store.findOperation(storedOperationId(principal, opId));
    const found = own ?? log.store.findOperation(opId);
    if (found === undefined) return undefined;
    const { record } = history.record(found.revision);
    const isAnothers =
      own === undefined &&
      principal?.kind === KEY_ACTOR &&
      (record.actor.kind !== KEY_ACTOR || record.actor.id !== principal.id);
    return isAnothers ? undefined : record;
  }

  /** The first result again: what that revision did. */
  #repeat(record: LogRecord, subjects: readonly EntityId[]): WriteResult {
    const { history } = this.#options;
    const at = (id: EntityId, revision: number): EntityChange | undefined =>
      history.entityAt(id, revision)?.change;
    const actions = subjects.map((id) => ({
      id,
      action: actionOf(at(id, record.revision - 1), at(id, record.revision)),
    }));
    const { epoch, revision, hash } = record;
    return { position: { epoch, revision, hash }, actions, wouldBe: undefined };
  }
}

function checkFields({ opId, actor, comment }: WriteFields): void {
  if (opId.length > LIMITS.operationIdLengthMax || !OPERATION_ID.test(opId))
    throw invalidField(
      'op_id',
      `must be at most ${LIMITS.operationIdLengthMax} of letters, digits and "._:/-"`,
    );
  if (actor.length > LIMITS.actorLengthMax)
    throw invalidField('actor', `must have at most ${LIMITS.actorLengthMax} characters`);
  if (comment.length > LIMITS.commentLengthMax)
    throw invalidField('comment', `must have at most ${LIMITS.commentLengthMax} characters`);
}

/** A key's owner wins over what the request says. */
function actorOf({ actor, principal }: WriteCommand): Actor {
  if (principal !== undefined) return principal;
  return actor === '' ? { id: 'anonymous', kind: 'anonymous' } : { id: actor, kind: 'user' };
}
