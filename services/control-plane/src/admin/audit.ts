/** Reading the past: the change log, an entity's history, and what differs between revisions. */
import {
  fail,
  formatName,
  invalidField,
  LIMITS,
  parseName,
  projectId,
  requireName,
  timestampOf,
} from '@flagstream/protocol';
import type {
  ChangeLogEntry,
  DiffRevisionsRequest,
  DiffRevisionsResponse,
  EntityDiff,
  ListChangesRequest,
  ListChangesResponse,
} from '@flagstream/protocol/gen/flagstream/v1/admin';
import { ENTITY_KIND, type EntityChange, type EntityId, entityKey } from '@flagstream/replica';
import type { Principal } from '@flagstream/runtime';
import type { AuditScope } from '../log/audit-store.ts';
import type { ChangeLog } from '../log/change-log.ts';
import type { History } from '../log/history.ts';
import type { Read } from './bounded-read.ts';
import { type ContentBudget, DIFF_CONTENT_BYTES_MAX, entityDiff } from './entity-diff.ts';
import { shownOperationId } from './operation-id.ts';
import { pagePosition, pageSize, pageToken } from './page.ts';
import { maySee, maySeeRevision, requireSight } from './permissions.ts';
import { revisionOf } from './present.ts';
import type { Reads } from './reads.ts';

/** Differences in one page of the log: one apply alone may have more. */
const PAGE_DIFFS_MAX = 5000;
/** Revisions that are looked at for one page, hidden ones too: twice the largest page, some tenths of a second. */
const PAGE_REVISIONS_MAX = 2 * LIMITS.pageSizeMax;

export class Audit {
  readonly #log: ChangeLog;
  readonly #history: History;
  readonly #reads: Reads;

  constructor(log: ChangeLog, history: History, reads: Reads) {
    this.#log = log;
    this.#history = history;
    this.#reads = reads;
  }

  /**
   * Newest first. Revisions that only stage or remove parts are not listed. A page goes on past what its reader may
   * not see; it has fewer entries than it could only where it has looked at very many revisions.
   */
  listChanges(request: ListChangesRequest, principal: Principal): Read<ListChangesResponse> {
    const scope = scopeOf(request.parent);
    if (scope.project !== undefined) requireSight(principal, projectId(scope.project));
    const subject = request.name === '' ? undefined : requireSubject(request.name, scope);
    if (subject !== undefined) requireSight(principal, subject);
    const listed = (change: EntityChange): boolean =>
      isListed(change, scope, subject) && maySee(principal, change);
    const args = [request.parent, request.name, String(request.afterRevision), request.includeContent];
    const size = pageSize(request.pageSize);
    const head = this.#log.head();
    const token = pagePosition(args, request.pageToken);
    const below = token === undefined ? head.revision + 1 : Number(token);
    const budget = { bytes: request.includeContent ? DIFF_CONTENT_BYTES_MAX : 0 };
    const entries: ChangeLogEntry[] = [];
    const page = (last?: number): Read<ListChangesResponse> => ({
      entries,
      nextPageToken: last === undefined ? '' : pageToken(args, String(last)),
      revision: revisionOf(head),
    });
    let diffs = 0;
    let looked = 0;
    let last = below;
    for (const revision of this.#revisions(scope, subject, below, size + 1)) {
      if (BigInt(revision) <= request.afterRevision) break;
      if (looked === PAGE_REVISIONS_MAX) return page(last);
      looked += 1;
      const entry = this.#entry(revision, principal, listed, budget);
      diffs += entry?.diffs.length ?? 0;
      const full = entries.length === size || (entries.length > 0 && diffs > PAGE_DIFFS_MAX);
      if (full && entry !== undefined) return page(last);
      if (entry !== undefined) entries.push(entry);
      // What a token says is read by whoever holds it: of hidden revisions only how far a page without any other looked.
      if (entry !== undefined || entries.length === 0) last = revision;
    }
    return page();
  }

  /** What a change from one revision to the other would be; also backwards. */
  diffRevisions(request: DiffRevisionsRequest, principal: Principal): Read<DiffRevisionsResponse> {
    const scope = scopeOf(request.parent);
    if (scope.project !== undefined) requireSight(principal, projectId(scope.project));
    if (request.fromRevision === 0n) throw invalidField('from_revision', 'must be a revision, 1 or more');
    const from = this.#reads.positionAt(request.fromRevision);
    const to = this.#reads.positionAt(request.toRevision);
    const [low, high] = [from.revision, to.revision].sort((a, b) => a - b) as [number, number];
    const limit = LIMITS.applyEntitiesMax;
    const ids = this.#log.store.namedEntitiesChanged(scope, low, high, limit + 1);
    if (ids.length > limit)
      throw fail('LIMIT_EXCEEDED', `more than ${limit} resources differ: choose nearer revisions`, {
        fields: [{ field: 'from_revision', description: `more than ${limit} resources differ` }],
      });
    const budget = { bytes: DIFF_CONTENT_BYTES_MAX };
    const diffs: EntityDiff[] = [];
    for (const id of ids.filter((found) => maySee(principal, found))) {
      const diff = entityDiff(id, this.#at(id, from.revision), this.#at(id, to.revision), budget);
      if (diff !== undefined) diffs.push(diff);
    }
    return { diffs, from: revisionOf(from), to: revisionOf(to) };
  }

  /** Newest first, read in batches. */
  *#revisions(
    scope: AuditScope,
    subject: EntityId | undefined,
    below: number,
    batch: number,
  ): Iterable<number> {
    for (let from = below; ; ) {
      const { store } = this.#log;
      const found =
        subject === undefined
          ? store.namedRevisions(scope, from, batch)
          : store.revisionsOf(subject, from, batch);
      yield* found;
      if (found.length < batch) return;
      from = found.at(-1)!;
    }
  }

  /** Undefined when all that the revision changed is hidden from its reader: so are its author and comment. */
  #entry(
    revision: number,
    principal: Principal,
    listed: (change: EntityChange) => boolean,
    budget: ContentBudget,
  ): ChangeLogEntry | undefined {
    const { record, changes } = this.#history.record(revision);
    const diffs: EntityDiff[] = [];
    const shown = [...changes.values()].filter(listed);
    if (shown.length === 0 && (changes.size > 0 || !maySeeRevision(principal, []))) return undefined;
    for (const change of shown) {
      const diff = entityDiff(change, this.#at(change, revision - 1), change, budget);
      if (diff !== undefined) diffs.push(diff);
    }
    const { epoch, hash, wallMs, actor, comment, opId } = record;
    return {
      revision: revisionOf({ epoch, revision, hash }),
      time: timestampOf(wallMs),
      actor: { ...actor },
      comment,
      opId: shownOperationId(opId),
      diffs,
    };
  }

  #at(id: EntityId, revision: number): EntityChange | undefined {
    return this.#history.entityAt(id, revision)?.change;
  }
}

function isListed(change: EntityChange, scope: AuditScope, subject: EntityId | undefined): boolean {
  if (subject !== undefined) return entityKey(change) === entityKey(subject);
  if (change.kind === ENTITY_KIND.part) return false;
  return scope.project === undefined || change.project === scope.project;
}

function scopeOf(parent: string): AuditScope {
  return parent === '' ? {} : { project: requireName('parent', parent, ENTITY_KIND.project).project };
}

function requireSubject(name: string, scope: AuditScope): EntityId {
  const id = parseName(name);
  if (id === undefined) throw invalidField('name', 'must be a resource name');
  if (scope.project !== undefined && scope.project !== id.project)
    throw invalidField('name', `${formatName(id)} is not in projects/${scope.project}`);
  return id;
}
