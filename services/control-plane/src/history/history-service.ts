/** HistoryService, as the gRPC host offers it: flags as they were, read from the log. */
import type { ExplanationStep } from '@flagstream/engine';
import {
  checkedContext,
  environmentId,
  evaluationError,
  evaluationResult,
  fail,
  flagId,
  invalidField,
  projectId,
  requireName,
  timestampOf,
} from '@flagstream/protocol';
import {
  type EvaluateAtRequest,
  type EvaluateAtResponse,
  HistoryServiceService,
  ListAnswerChangesRequest,
  type ListAnswerChangesResponse,
} from '@flagstream/protocol/gen/flagstream/v1/history';
import { ENTITY_KIND, type EntityId, type EnvironmentScope } from '@flagstream/replica';
import type { CallContext, Principal, RevisionWait, ServiceBinding } from '@flagstream/runtime';
import { boundedRead, type Read } from '../admin/bounded-read.ts';
import { requireFlagKey } from '../admin/collection-methods.ts';
import { pagePosition, pageSize, pageToken } from '../admin/page.ts';
import { maySeeRevision, requireSight } from '../admin/permissions.ts';
import { revisionOf } from '../admin/present.ts';
import { Reads } from '../admin/reads.ts';
import type { ChangeLog } from '../log/change-log.ts';
import type { History } from '../log/history.ts';
import { answerChanges } from './answer-changes.ts';
import { Pace } from './pace.ts';
import { PastFlag } from './past-flag.ts';
import { PastPlaces, type ResolvedPlace } from './past-places.ts';
import { RecordTimes } from './record-times.ts';

export interface HistoryParts {
  readonly log: ChangeLog;
  readonly history: History;
  readonly wait: RevisionWait;
  /** Unix milliseconds. */
  readonly now: () => number;
}

export function historyService(parts: HistoryParts): ServiceBinding {
  const past = new Past(parts);
  return {
    definition: HistoryServiceService,
    policy: { evaluateAt: 'read', listAnswerChanges: 'read' },
    handlers: {
      evaluateAt: boundedRead<EvaluateAtRequest, EvaluateAtResponse>(parts.wait, (request, call) =>
        past.evaluateAt(request, call),
      ),
      listAnswerChanges: boundedRead<ListAnswerChangesRequest, ListAnswerChangesResponse>(
        parts.wait,
        (request, call) => past.listAnswerChanges(request, call),
      ),
    },
  };
}

type PastCall = Pick<CallContext, 'signal' | 'principal'>;

export class Past {
  readonly #parts: HistoryParts;
  readonly #places: PastPlaces;

  constructor(parts: HistoryParts) {
    const { log, history } = parts;
    this.#parts = parts;
    this.#places = new PastPlaces(new Reads(log, history), new RecordTimes(log.store));
  }

  /**
   * @throws FlagstreamError INVALID_FIELD, INVALID_CONTEXT, PROJECT_NOT_FOUND, ENVIRONMENT_NOT_FOUND,
   * FLAG_NOT_FOUND, REVISION_NOT_FOUND, REVISION_FORKED, CANCELLED
   */
  async evaluateAt(
    request: EvaluateAtRequest,
    { signal, principal }: PastCall,
  ): Promise<Read<EvaluateAtResponse>> {
    const { scope, flagKey, context } = subjectOf(request, principal);
    const pace = new Pace(signal);
    const { now, log, history } = this.#parts;
    const place: ResolvedPlace =
      request.at === undefined
        ? { revision: log.head().revision, instantMs: now() }
        : await this.#places.resolve('at', request.at, pace);
    requireRecord('at', place);
    const { record, changes } = history.record(place.revision);
    const atMs = place.instantMs ?? record.wallMs;
    const flag = new PastFlag({ store: log.store, history, pace }, scope, flagKey);
    await flag.moveTo(place.revision);
    requirePresent(flag, scope, place.revision);
    const steps: ExplanationStep[] = [];
    const recorder = request.explain ? { step: (step: ExplanationStep) => steps.push(step) } : undefined;
    const evaluation = flag.evaluate(context, atMs, recorder);
    if (evaluation.errorCode === 'FLAG_NOT_FOUND')
      throw evaluationError(flag.place, evaluation, evaluation.errorCode);
    return {
      result: evaluationResult(flag.place, evaluation),
      steps,
      revision: revisionOf(record),
      time: timestampOf(record.wallMs),
      // The newest revision may be of another project: who made it, and why, is told where it is seen.
      ...(maySeeRevision(principal, changes.values())
        ? { actor: { ...record.actor }, comment: record.comment }
        : { actor: undefined, comment: '' }),
      evaluatedAt: timestampOf(atMs),
    };
  }

  /** @throws FlagstreamError as evaluateAt, and PAGE_TOKEN_MISMATCH */
  async listAnswerChanges(
    request: ListAnswerChangesRequest,
    { signal, principal }: PastCall,
  ): Promise<Read<ListAnswerChangesResponse>> {
    const { scope, flagKey, context } = subjectOf(request, principal);
    const pace = new Pace(signal);
    const { log, history } = this.#parts;
    requireKnown(log, scope, flagKey);
    const { pageSize: requested, pageToken: token } = request;
    const args = [
      ListAnswerChangesRequest.toJSON({
        ...request,
        pageSize: 0,
        pageToken: '',
        minRevision: undefined,
        allowStale: false,
      }),
    ];
    const position = pagePosition(args, token);
    const head = log.head();
    const from = request.from && (await this.#places.resolve('from', request.from, pace));
    const to = request.to && (await this.#places.resolve('to', request.to, pace));
    if (to !== undefined) requireRecord('to', to);
    if (from !== undefined && from.revision > (to ?? head).revision)
      throw invalidField(
        'from',
        `revision ${from.revision} is after revision ${(to ?? head).revision}, the last one`,
      );
    const { changes, nextUpTo } = await answerChanges(
      history,
      new PastFlag({ store: log.store, history, pace }, scope, flagKey),
      {
        context,
        after: from?.revision ?? 0,
        upTo: position === undefined ? (to?.revision ?? head.revision) : Number(position),
        size: pageSize(requested),
      },
    );
    return {
      changes,
      nextPageToken: nextUpTo === undefined ? '' : pageToken(args, String(nextUpTo)),
      revision: revisionOf(head),
    };
  }
}

interface Subject {
  readonly scope: EnvironmentScope;
  readonly flagKey: string;
  readonly context: ReturnType<typeof checkedContext>;
}

/** @throws FlagstreamError PERMISSION_DENIED, INVALID_NAME, INVALID_FIELD, INVALID_CONTEXT */
function subjectOf(request: EvaluateAtRequest | ListAnswerChangesRequest, principal: Principal): Subject {
  const id = requireName('parent', request.parent, ENTITY_KIND.environment);
  requireSight(principal, id);
  const { project, key } = id;
  const flagKey = requireFlagKey('flag_key', request.flagKey);
  return {
    scope: { project, environment: key },
    flagKey,
    context: checkedContext(request.context, 'context'),
  };
}

function requireRecord(field: string, { revision, instantMs }: ResolvedPlace): void {
  if (revision > 0) return;
  const when = instantMs === undefined ? '' : ` at ${new Date(instantMs).toISOString()}`;
  throw fail('REVISION_NOT_FOUND', `${field}: nothing had been written${when}: the log begins later`);
}

/** A key that nothing ever had is a slip: it is told, instead of a history without changes. */
function requireKnown(
  { store }: ChangeLog,
  { project, environment }: EnvironmentScope,
  flagKey: string,
): void {
  const never = (id: EntityId): boolean => store.firstRevisionOf(id) === undefined;
  const metadata = { project, environment, flag: flagKey };
  if (never(projectId(project)))
    throw fail('PROJECT_NOT_FOUND', `there never was a project "${project}"`, { metadata });
  if (never(environmentId(project, environment)))
    throw fail('ENVIRONMENT_NOT_FOUND', `project "${project}" never had an environment "${environment}"`, {
      metadata,
    });
  if (never(flagId(project, flagKey)))
    throw fail('FLAG_NOT_FOUND', `project "${project}" never had a flag "${flagKey}"`, { metadata });
}

function requirePresent(flag: PastFlag, { project, environment }: EnvironmentScope, revision: number): void {
  const metadata = { project, environment, revision: String(revision) };
  if (flag.absence === 'project')
    throw fail('PROJECT_NOT_FOUND', `project "${project}" did not exist at revision ${revision}`, {
      metadata,
    });
  if (flag.absence === 'environment')
    throw fail(
      'ENVIRONMENT_NOT_FOUND',
      `environment "${environment}" did not exist in project "${project}" at revision ${revision}`,
      { metadata },
    );
}
