/** Resources as the log has them, now or at a revision. What a caller may see of them is permitted-reads.ts's question. */
import { fail, formatName, revisionNumber } from '@flagstream/protocol';
import { ENTITY_KIND, type EntityId, type Position, type VersionedEntity } from '@flagstream/replica';
import type { Principal } from '@flagstream/runtime';
import { requireExisting, requireParents } from '../commands/draft.ts';
import type { Message } from '../commands/resource.ts';
import type { ChangeLog } from '../log/change-log.ts';
import type { History } from '../log/history.ts';
import { PermittedReads } from './permitted-reads.ts';
import { present, unwritten } from './present.ts';

export class Reads {
  readonly #log: ChangeLog;
  readonly #history: History;

  constructor(log: ChangeLog, history: History) {
    this.#log = log;
    this.#history = history;
  }

  /** What one caller may read. */
  for(principal: Principal): PermittedReads {
    return new PermittedReads({ reads: this, log: this.#log, history: this.#history, principal });
  }

  /** The resource as it was at a revision, without members that parts hold. */
  messageAt(id: EntityId, revision: number): Message {
    const state = { get: (other: EntityId) => this.#history.entityAt(other, revision)?.change };
    requireParents(state, id);
    const entity = this.#history.entityAt(id, revision);
    if (entity !== undefined && !isUnwrittenAgain(entity)) return present(this.#log.store, entity);
    if (id.kind !== ENTITY_KIND.flagConfig) requireExisting(state, id);
    const etag = String(entity?.version ?? 0);
    return { ...unwritten(id, formatName(id)), etag };
  }

  /**
   * Where a revision stands; 0 is the head.
   * @throws FlagstreamError REVISION_NOT_FOUND.
   */
  positionAt(atRevision: bigint): Position {
    const head = this.#log.head();
    const revision = atRevision > BigInt(head.revision) ? undefined : revisionNumber(atRevision);
    if (revision === 0) return head;
    const stored = revision === undefined ? undefined : this.#log.store.recordAt(revision);
    if (stored === undefined)
      throw fail(
        'REVISION_NOT_FOUND',
        `revision ${atRevision} does not exist: the newest is ${head.revision}`,
        {
          metadata: { revision: String(atRevision), newest: String(head.revision) },
        },
      );
    return { epoch: stored.epoch, revision: stored.revision, hash: stored.hash };
  }
}

/** A configuration whose first write was taken back reads as never written. */
function isUnwrittenAgain({ change }: VersionedEntity): boolean {
  return change.kind === ENTITY_KIND.flagConfig && change.deleted;
}
