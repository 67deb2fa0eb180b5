/**
 * MaintenanceService: how the log is, for its operators, and the one decision
 * about it that only a person makes.
 */
import { epochBaseToWire, fail, invalidField, LIMITS, timestampOf } from '@flagstream/protocol';
import {
  type GetLogStatusRequest,
  type GetLogStatusResponse,
  LogIntegrity,
  LogIntegrity_State,
  MaintenanceServiceService,
  type ReseedLogRequest,
  type ReseedLogResponse,
} from '@flagstream/protocol/gen/flagstream/v1/maintenance';
import type { Actor, Position, TakeOver } from '@flagstream/replica';
import { EVERYWHERE, requirePermission, type ServiceBinding, unary, type Verb } from '@flagstream/runtime';
import { principalActor } from '../admin/collection-methods.ts';
import { revisionOf } from '../admin/present.ts';
import type { ChangeLog } from '../log/change-log.ts';
import type { BackupState } from './backup-schedule.ts';
import type { IntegrityVerdict } from './integrity-watch.ts';

/** Shipping as an operator sees it, and what an operator may decide about it. */
export interface OperatedShipping {
  state(): {
    readonly phase: string;
    /** Records that are committed and not known to be in the stream. */
    readonly pending: number;
    /** When the oldest of them was committed, in unix ms. */
    readonly oldestPendingMs: number | undefined;
  };
  /**
   * Begins a new epoch from this log, whatever the stream holds, and ships it;
   * resolves with the first revision of the new epoch once it is committed.
   */
  takeOver(by: TakeOver): Promise<Position>;
}

export interface MaintenanceParts {
  readonly log: ChangeLog;
  /** Undefined without NATS. */
  readonly shipping: OperatedShipping | undefined;
  readonly integrity: { readonly verdict: IntegrityVerdict };
  /** Undefined when none are made. */
  readonly backups: { state(): BackupState } | undefined;
}

/** What each method needs. Written out, so that a new method is decided upon. */
const POLICY: Readonly<Record<keyof typeof MaintenanceServiceService, Verb>> = {
  getLogStatus: 'read',
  reseedLog: 'administer',
};

export function maintenanceService(parts: MaintenanceParts): ServiceBinding {
  return {
    definition: MaintenanceServiceService,
    policy: POLICY,
    handlers: {
      getLogStatus: unary<GetLogStatusRequest, GetLogStatusResponse>((_request, { principal }) => {
        requirePermission(principal, 'read', EVERYWHERE);
        return status(parts);
      }),
      reseedLog: unary<ReseedLogRequest, ReseedLogResponse>(async (request, context) => {
        requirePermission(context.principal, 'administer', EVERYWHERE);
        return { revision: revisionOf(await reseed(parts, request, principalActor(context))) };
      }),
    },
  };
}

function status({ log, shipping, integrity, backups }: MaintenanceParts): GetLogStatusResponse {
  const { store } = log;
  const { phase, pending, oldestPendingMs } = shipping?.state() ?? { phase: 'off', pending: 0 };
  const { directory = '', last, failures = 0, lastFailure = '' } = backups?.state() ?? {};
  return {
    head: revisionOf(log.head()),
    stateDigest: Buffer.from(store.stateDigest()),
    lineage: store.lineage().map(epochBaseToWire),
    writesRefused: log.writesStopped ?? '',
    restored: store.restoredMark(),
    shipping: {
      phase,
      unshipped: BigInt(pending),
      oldestUnshippedTime: optionalTime(oldestPendingMs),
      shippedEpoch: store.shippedEpoch(),
    },
    integrity: integrityToWire(integrity.verdict),
    backups: {
      directory,
      lastTime: optionalTime(last?.madeMs),
      lastPath: last?.path ?? '',
      failures: BigInt(failures),
      lastFailure,
    },
  };
}

const STATES: Readonly<Record<IntegrityVerdict['kind'], LogIntegrity_State>> = {
  off: LogIntegrity_State.OFF,
  pending: LogIntegrity_State.PENDING,
  sound: LogIntegrity_State.SOUND,
  corrupt: LogIntegrity_State.CORRUPT,
  unknown: LogIntegrity_State.UNKNOWN,
};

function integrityToWire(verdict: IntegrityVerdict): LogIntegrity {
  return LogIntegrity.fromPartial({
    state: STATES[verdict.kind],
    ...('checkedMs' in verdict ? { checkTime: timestampOf(verdict.checkedMs) } : {}),
    ...('revision' in verdict ? { checkedRevision: BigInt(verdict.revision) } : {}),
    ...('detail' in verdict ? { detail: verdict.detail } : {}),
  });
}

async function reseed(
  { shipping, integrity }: MaintenanceParts,
  request: ReseedLogRequest,
  principal: Actor | undefined,
): Promise<Position> {
  if (!request.takeOver)
    throw invalidField('take_over', 'must be true: what another writer wrote to the stream is given up');
  if (request.comment.trim() === '') throw invalidField('comment', 'must say why');
  if (request.comment.length > LIMITS.commentLengthMax)
    throw invalidField('comment', `must have at most ${LIMITS.commentLengthMax} characters`);
  if (request.actor.length > LIMITS.actorLengthMax)
    throw invalidField('actor', `must have at most ${LIMITS.actorLengthMax} characters`);
  if (integrity.verdict.kind === 'corrupt')
    throw fail('LOG_CORRUPT', `this log is damaged and begins no epoch: ${integrity.verdict.detail}`);
  if (shipping === undefined) throw fail('NOT_SHIPPING', 'this control plane ships to no stream');
  return shipping.takeOver({ actor: principal ?? namedActor(request.actor), comment: request.comment });
}

function namedActor(id: string): Actor {
  return id === '' ? { id: 'anonymous', kind: 'anonymous' } : { id, kind: 'user' };
}

function optionalTime(unixMs: number | undefined): ReturnType<typeof timestampOf> | undefined {
  return unixMs === undefined ? undefined : timestampOf(Math.floor(unixMs));
}
