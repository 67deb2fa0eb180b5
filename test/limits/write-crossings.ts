// Limits of what writes, and of what the control plane's doors take at all.

import type { ErrorReason } from '@flagstream/protocol';
import {
  ApplyChangeSetRequest,
  ArchiveFlagRequest,
  CreateEnvironmentRequest,
  CreateFlagRequest,
  CreateKeyRequest,
  CreateProjectRequest,
  CreateSegmentRequest,
  GetFlagRequest,
  RevertRequest,
  UpdateFlagConfigRequest,
} from '@flagstream/protocol/gen/flagstream/v1/admin';
import { EvaluateAtRequest } from '@flagstream/protocol/gen/flagstream/v1/history';
import { ReseedLogRequest } from '@flagstream/protocol/gen/flagstream/v1/maintenance';
import { KeyKind, Role } from '@flagstream/protocol/gen/flagstream/v1/model';
import { callUnary } from '../support/grpc-call.ts';
import type { Crossing, LimitEntry } from './crossings.ts';
import { FLAG_KEY_DOORS } from './evaluation-crossings.ts';
import type { LimitSite } from './limit-site.ts';

const PARENT = 'projects/default';
const CONFIG = 'projects/default/environments/development/flagConfigs/maintenance-mode';
/** A call that takes longer than the default: what crosses the largest limits is many megabytes. */
const LARGE_DEADLINE_MS = 60_000;
/** Tag and length of a text of 32 MiB, and of 256 KiB. */
const WRITE_HEAD_BYTES = 5;
const READ_HEAD_BYTES = 4;

/** The fields that every write has; validated only, so that nothing is written. */
type WriteFields = Readonly<Record<'comment' | 'actor' | 'opId', string>>;
type Write = (site: LimitSite, fields: Partial<WriteFields>) => Promise<unknown>;

/** One of each way to write; that all pass the same gate is the dispatcher's test. */
const WRITES: Readonly<Record<string, Write>> = {
  CreateFlag: ({ admin }, fields) =>
    callUnary(
      admin,
      admin.createFlag,
      CreateFlagRequest.fromJSON({
        parent: PARENT,
        flagId: 'limits',
        flag: booleanFlag(),
        validateOnly: true,
        ...fields,
      }),
    ),
  UpdateFlagConfig: ({ admin }, fields) =>
    callUnary(
      admin,
      admin.updateFlagConfig,
      UpdateFlagConfigRequest.fromJSON({
        flagConfig: { name: CONFIG, enabled: true },
        updateMask: 'enabled',
        validateOnly: true,
        ...fields,
      }),
    ),
  ApplyChangeSet: ({ admin }, fields) =>
    callUnary(
      admin,
      admin.applyChangeSet,
      ApplyChangeSetRequest.fromJSON({
        changes: [{ project: { name: 'projects/limits' } }],
        validateOnly: true,
        ...fields,
      }),
    ),
  Revert: ({ admin }, fields) =>
    callUnary(
      admin,
      admin.revert,
      RevertRequest.fromJSON({ name: PARENT, toRevision: '2', validateOnly: true, ...fields }),
    ),
};

/** Without NATS there is nothing to take over: what is said of the fields comes first. */
const RESEED: Write = ({ maintenance }, fields) =>
  callUnary(
    maintenance,
    maintenance.reseedLog,
    ReseedLogRequest.fromJSON({ takeOver: true, comment: 'limits', ...fields }),
  );

function fieldCrossings(
  field: keyof WriteFields,
  named: string,
  writes: Readonly<Record<string, Write>>,
): LimitEntry {
  return {
    crossings: Object.entries(writes).map(([door, write]) => ({
      door,
      call: (site, amount) => write(site, { [field]: 'c'.repeat(amount) }),
      reason: 'INVALID_FIELD',
      field: named,
    })),
  };
}

const CREATED: Readonly<
  Record<
    string,
    { readonly field: string; readonly call: (site: LimitSite, key: string) => Promise<unknown> }
  >
> = {
  CreateProject: {
    field: 'project_id',
    call: ({ admin }, projectId) =>
      callUnary(admin, admin.createProject, CreateProjectRequest.fromJSON({ projectId, validateOnly: true })),
  },
  CreateEnvironment: {
    field: 'environment_id',
    call: ({ admin }, environmentId) =>
      callUnary(
        admin,
        admin.createEnvironment,
        CreateEnvironmentRequest.fromJSON({ parent: PARENT, environmentId, validateOnly: true }),
      ),
  },
  CreateFlag: {
    field: 'flag_id',
    call: ({ admin }, flagId) =>
      callUnary(
        admin,
        admin.createFlag,
        CreateFlagRequest.fromJSON({ parent: PARENT, flagId, flag: booleanFlag(), validateOnly: true }),
      ),
  },
  CreateSegment: {
    field: 'segment_id',
    call: ({ admin }, segmentId) =>
      callUnary(
        admin,
        admin.createSegment,
        CreateSegmentRequest.fromJSON({ parent: PARENT, segmentId, validateOnly: true }),
      ),
  },
};

/** A key that is asked for, and not made. */
function keyCrossing(field: string, keyOf: (amount: number) => { readonly kind: KeyKind }): LimitEntry {
  const call = ({ admin }: LimitSite, amount: number): Promise<unknown> => {
    const key = keyOf(amount);
    const parent = key.kind === KeyKind.ADMIN ? '' : `${PARENT}/environments/development`;
    return callUnary(
      admin,
      admin.createKey,
      CreateKeyRequest.fromPartial({ parent, key, validateOnly: true }),
    );
  };
  return { crossings: [{ door: 'CreateKey', call, reason: 'INVALID_FIELD', field }] };
}

export const WRITE_CROSSINGS = {
  commentLengthMax: fieldCrossings('comment', 'comment', { ...WRITES, ReseedLog: RESEED }),
  actorLengthMax: fieldCrossings('actor', 'actor', { ...WRITES, ReseedLog: RESEED }),
  operationIdLengthMax: fieldCrossings('opId', 'op_id', WRITES),
  keyLengthMax: {
    crossings: [
      ...FLAG_KEY_DOORS,
      ...Object.entries(CREATED).map(
        ([door, { field, call }]): Crossing => ({
          door,
          call: (site, amount) => call(site, 'k'.repeat(amount)),
          reason: 'INVALID_FIELD',
          field,
        }),
      ),
    ],
  },
  displayNameLengthMax: keyCrossing('key.display_name', (amount) => ({
    kind: KeyKind.SERVER,
    displayName: 'n'.repeat(amount),
  })),
  keyRolesMax: keyCrossing('key.roles', (amount) => ({
    kind: KeyKind.ADMIN,
    roles: Array.from({ length: amount }, () => ({ role: Role.OWNER })),
  })),
  applyEntitiesMax: {
    crossings: [
      {
        door: 'ApplyChangeSet',
        call: ({ admin }, amount) =>
          callUnary(
            admin,
            admin.applyChangeSet,
            ApplyChangeSetRequest.fromJSON({
              changes: Array.from({ length: amount }, (_, index) => ({
                project: { name: `projects/p${index}` },
              })),
              validateOnly: true,
            }),
          ),
        reason: 'LIMIT_EXCEEDED',
        field: 'changes',
        taken: 100,
      },
    ],
  },
  segmentMembersMax: {
    crossings: [
      {
        door: 'CreateSegment',
        call: ({ admin }, amount) =>
          callUnary(
            admin,
            admin.createSegment,
            CreateSegmentRequest.fromJSON({
              parent: PARENT,
              segmentId: 'crowd',
              segment: { included: Array.from({ length: amount }, (_, index) => index.toString(36)) },
              validateOnly: true,
            }),
            {},
            LARGE_DEADLINE_MS,
          ),
        reason: 'LIMIT_EXCEEDED',
        field: 'segment.included',
        taken: 1_000,
      },
    ],
  },
  adminRequestBytesMax: {
    crossings: [
      tooLarge('AdminService', ({ admin }, name) =>
        callUnary(admin, admin.archiveFlag, ArchiveFlagRequest.fromJSON({ name }), {}, LARGE_DEADLINE_MS),
      ),
    ],
  },
  readRequestBytesMax: {
    crossings: [
      tooLarge(
        'AdminService',
        ({ admin }, name) => callUnary(admin, admin.getFlag, GetFlagRequest.fromJSON({ name })),
        READ_HEAD_BYTES,
      ),
      tooLarge(
        'HistoryService',
        ({ history }, name) =>
          callUnary(history, history.evaluateAt, EvaluateAtRequest.fromJSON({ parent: name })),
        READ_HEAD_BYTES,
      ),
    ],
  },
} as const satisfies Readonly<Record<string, LimitEntry>>;

/** A name of so many bytes that the whole request has as many as it may, with its tag and length. */
function tooLarge(
  door: string,
  ask: (site: LimitSite, name: string) => Promise<unknown>,
  headBytes: number = WRITE_HEAD_BYTES,
): Crossing {
  const reason: ErrorReason = 'REQUEST_TOO_LARGE';
  return { door, call: (site, amount) => ask(site, 'n'.repeat(amount - headBytes)), reason };
}

function booleanFlag(): object {
  return {
    kind: 'FLAG_KIND_BOOLEAN',
    variants: [
      { key: 'on', value: true },
      { key: 'off', value: false },
    ],
    offVariant: 'off',
  };
}
