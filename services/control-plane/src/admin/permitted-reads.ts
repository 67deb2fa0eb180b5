/**
 * Reading resources on behalf of a caller: one by name, now or at a revision,
 * and pages of a collection.
 *
 * Holds true: whether the caller may read there is asked before it is looked
 * whether anything is there; lists leave out what the caller may not see.
 */
import { fail, formatName, type NamedKind, requireName } from '@flagstream/protocol';
import type { Segment } from '@flagstream/protocol/gen/flagstream/v1/model';
import {
  ENTITY_KIND,
  type EntityChange,
  type EntityId,
  type Position,
  partId,
  type VersionedEntity,
} from '@flagstream/replica';
import type { Principal } from '@flagstream/runtime';
import { requireExisting, requireParents } from '../commands/draft.ts';
import type { Message } from '../commands/resource.ts';
import { resolveMembers } from '../commands/segment-members.ts';
import type { ChangeLog } from '../log/change-log.ts';
import type { History } from '../log/history.ts';
import { ANSWER_BYTES_MAX, type EntityPageQuery, entityPage } from './entity-page.ts';
import type { PageRequest } from './page.ts';
import { maySee, requireSight } from './permissions.ts';
import { present } from './present.ts';
import type { Reads } from './reads.ts';

export interface ReadResult<M extends Message = Message> {
  readonly message: M;
  readonly position: Position;
}

export interface ListResult<M extends Message = Message> {
  readonly messages: M[];
  readonly nextPageToken: string;
  readonly position: Position;
}

export interface PermittedReadsParts {
  readonly reads: Reads;
  readonly log: ChangeLog;
  readonly history: History;
  readonly principal: Principal;
}

export class PermittedReads {
  readonly #reads: Reads;
  readonly #log: ChangeLog;
  readonly #history: History;
  readonly #principal: Principal;

  constructor({ reads, log, history, principal }: PermittedReadsParts) {
    this.#reads = reads;
    this.#log = log;
    this.#history = history;
    this.#principal = principal;
  }

  /** One resource by name; archived ones too. `atRevision` 0: now. */
  get<M extends Message>(kind: NamedKind, name: string, atRevision: bigint): ReadResult<M> {
    const id = requireName('name', name, kind);
    requireSight(this.#principal, id);
    const position = this.#reads.positionAt(atRevision);
    const message = this.#reads.messageAt(id, position.revision);
    return { message: this.#withMembers(id, message, position.revision) as M, position };
  }

  /** The key of the project that a parent field names; it must be in service. */
  requireProject(parent: string): string {
    const id = requireName('parent', parent, ENTITY_KIND.project);
    requireSight(this.#principal, id);
    this.#requireInService(id);
    return id.project;
  }

  /** The environment that a parent field names; it and its project must be in service. */
  requireEnvironment(parent: string): EntityId {
    const id = requireName('parent', parent, ENTITY_KIND.environment);
    requireSight(this.#principal, id);
    this.#requireInService(id);
    return id;
  }

  #requireInService(id: EntityId): void {
    const state = { get: (other: EntityId) => this.#log.store.entity(other)?.change };
    requireParents(state, id);
    if (requireExisting(state, id).deleted)
      throw fail('PARENT_ARCHIVED', `${formatName(id)} is archived`, { metadata: { name: formatName(id) } });
  }

  /** A page of one kind in a project, by key; archived resources only when asked for. */
  list<M extends Message>(
    kind: NamedKind,
    project: string | undefined,
    request: PageRequest & { readonly showArchived: boolean },
  ): ListResult<M> {
    const args = [kind, project ?? null, request.showArchived];
    const shown = (change: EntityChange): boolean =>
      (request.showArchived || !change.deleted) && maySee(this.#principal, change);
    const scope = project === undefined ? {} : { project };
    return this.#page<M>({ kind, ...scope, args, request, shown }, (entity) =>
      present(this.#log.store, entity),
    );
  }

  /** A page of configurations of an environment, one for each flag in service. */
  listConfigs<M extends Message>(environment: EntityId, request: PageRequest): ListResult<M> {
    const { project, key } = environment;
    const args = [ENTITY_KIND.flagConfig, project, key];
    const revision = this.#log.head().revision;
    const config = ({ change }: VersionedEntity): Message =>
      this.#reads.messageAt(
        { kind: ENTITY_KIND.flagConfig, project, environment: key, key: change.key },
        revision,
      );
    const shown = (change: EntityChange): boolean => !change.deleted;
    return this.#page<M>({ kind: ENTITY_KIND.flag, project, args, request, shown }, config);
  }

  #page<M extends Message>(
    query: EntityPageQuery,
    message: (entity: VersionedEntity) => Message,
  ): ListResult<M> {
    const position = this.#log.head();
    const { entities, nextPageToken } = entityPage(this.#log.store, query);
    return { messages: entities.map((entity) => message(entity) as M), nextPageToken, position };
  }

  /**
   * A segment's members come with it as long as they fit an answer; beyond,
   * its parts stand for them. Either form can be sent back as it is.
   */
  #withMembers(id: EntityId, message: Message, revision: number): Message {
    if (id.kind !== ENTITY_KIND.segment) return message;
    const segment = message as Segment;
    const part = (sha256: Uint8Array): EntityChange | undefined =>
      this.#history.entityAt(partId(sha256, id.project), revision)?.change;
    const bytes = segment.parts.reduce((sum, ref) => sum + (part(ref.sha256)?.content.length ?? 0), 0);
    if (segment.parts.length === 0 || segment.archiveTime !== undefined || bytes > ANSWER_BYTES_MAX)
      return segment;
    return {
      ...segment,
      included: resolveMembers(part, segment.included, segment.parts, false),
      excluded: resolveMembers(part, segment.excluded, segment.parts, true),
      parts: [],
    };
  }
}
