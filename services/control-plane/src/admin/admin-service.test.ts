import {
  ApplyChangeSetRequest,
  ArchiveFlagRequest,
  ChangeAction,
  CreateEnvironmentRequest,
  CreateFlagRequest,
  CreateProjectRequest,
  CreateSegmentRequest,
  GetFlagConfigRequest,
  GetFlagRequest,
  GetSegmentRequest,
  ListChangesRequest,
  ListEnvironmentsRequest,
  ListFlagsRequest,
  RevertRequest,
  UpdateEnvironmentRequest,
  UpdateFlagConfigRequest,
  UpdateFlagRequest,
  UpdateSegmentRequest,
} from '@flagstream/protocol/gen/flagstream/v1/admin';
import { status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { call, controlPlane, failure } from '../control-plane.fixture.ts';

const PARENT = 'projects/default';
const FLAG = `${PARENT}/flags/a`;
const CONFIG = `${PARENT}/environments/development/flagConfigs/a`;

const createFlag = (more: object = {}): CreateFlagRequest =>
  CreateFlagRequest.fromJSON({ parent: PARENT, flagId: 'a', flag: { kind: 'FLAG_KIND_BOOLEAN' }, ...more });

describe('AdminService', () => {
  it('takes a flag through its life', async () => {
    const { admin, running } = await controlPlane();
    const created = await call(
      admin,
      admin.createFlag,
      createFlag({ configs: { development: { enabled: true, fallthrough: { variant: 'on' } } } }),
    );
    expect(created.flag).toMatchObject({ name: FLAG, etag: String(created.revision?.revision) });
    expect(created.flag?.variants.map((variant) => [variant.key, variant.value])).toEqual([
      ['on', true],
      ['off', false],
    ]);
    expect(Number(created.revision?.revision)).toBe(running.head().revision);

    const updated = await call(
      admin,
      admin.updateFlag,
      UpdateFlagRequest.fromJSON({
        flag: { name: FLAG, displayName: 'A', description: 'not in the mask', etag: created.flag?.etag },
        updateMask: 'displayName',
      }),
    );
    expect(updated.flag).toMatchObject({ displayName: 'A', description: '' });

    const config = await call(
      admin,
      admin.updateFlagConfig,
      UpdateFlagConfigRequest.fromJSON({
        flagConfig: { name: CONFIG, enabled: false },
        updateMask: 'enabled',
      }),
    );
    expect(config.flagConfig).toMatchObject({ enabled: false, fallthrough: { outcome: { value: 'on' } } });

    const archived = await call(admin, admin.archiveFlag, ArchiveFlagRequest.fromJSON({ name: FLAG }));
    expect(archived.flag?.archiveTime).toBeDefined();
    const listed = await call(admin, admin.listFlags, ListFlagsRequest.fromJSON({ parent: PARENT }));
    expect(listed.flags).toEqual([]);
    const again = await failure(call(admin, admin.createFlag, createFlag()));
    expect(again).toMatchObject({ reason: 'KEY_RETIRED', status: status.ALREADY_EXISTS });
    expect(again.message).toContain('archived');

    const history = await call(admin, admin.listChanges, ListChangesRequest.fromJSON({ name: FLAG }));
    expect(history.entries.map((entry) => entry.diffs[0]?.action)).toEqual([
      ChangeAction.ARCHIVE,
      ChangeAction.UPDATE,
      ChangeAction.CREATE,
    ]);
    const reverted = await call(
      admin,
      admin.revert,
      RevertRequest.fromJSON({ undoRevision: String(archived.revision?.revision), opId: 'revert-1' }),
    );
    expect(reverted.outcomes.map(({ name, action }) => [name, action])).toEqual([
      [FLAG, ChangeAction.CREATE],
      [CONFIG, ChangeAction.CREATE],
    ]);
    const repeated = await call(
      admin,
      admin.revert,
      RevertRequest.fromJSON({ undoRevision: String(archived.revision?.revision), opId: 'revert-1' }),
    );
    expect(repeated).toEqual(reverted);
  });

  it('answers the retry of a create with the flag as it was then', async () => {
    const { admin } = await controlPlane();
    const first = await call(admin, admin.createFlag, createFlag({ opId: 'op-1' }));
    await call(
      admin,
      admin.updateFlag,
      UpdateFlagRequest.fromJSON({ flag: { name: FLAG, description: 'later' }, updateMask: 'description' }),
    );
    expect(await call(admin, admin.createFlag, createFlag({ opId: 'op-1' }))).toEqual(first);
  });

  it('keeps what it acknowledged when it starts again on the same folder', async () => {
    const first = await controlPlane();
    const created = await call(first.admin, first.admin.createFlag, createFlag());
    await first.running.close();
    const second = await controlPlane({ data: first.data });
    expect(second.running.head().revision).toBe(Number(created.revision?.revision));
    const read = await call(second.admin, second.admin.getFlag, GetFlagRequest.fromJSON({ name: FLAG }));
    expect(read.flag).toEqual(created.flag);
    await expect(controlPlane({ data: first.data })).rejects.toMatchObject({ reason: 'DATA_DIR_LOCKED' });
  });

  it('names the field and the reason in status details', async () => {
    const { admin } = await controlPlane();
    await call(admin, admin.createFlag, createFlag());
    const update = (flagConfig: object, updateMask?: string) =>
      failure(
        call(
          admin,
          admin.updateFlagConfig,
          UpdateFlagConfigRequest.fromJSON({ flagConfig, ...(updateMask && { updateMask }) }),
        ),
      );
    const split = {
      entries: [
        { variant: 'on', weight: 1 },
        { variant: 'maybe', weight: 99_999 },
      ],
    };
    expect(
      await update({ name: CONFIG, enabled: true, rules: [{ id: 'r', serve: { split } }] }),
    ).toMatchObject({
      reason: 'INVALID_DEFINITION',
      status: status.INVALID_ARGUMENT,
      fields: [{ field: 'flag_config.rules[0].serve.split.entries[1].variant', reason: 'UNKNOWN_VARIANT' }],
    });
    expect(await update({ name: CONFIG }, 'enabled,colour')).toMatchObject({
      reason: 'UNKNOWN_FIELD',
      fields: [{ field: 'update_mask', description: expect.stringContaining('"colour"') }],
    });
    expect(await update({ name: CONFIG }, 'etag')).toMatchObject({
      reason: 'UNKNOWN_FIELD',
      fields: [{ description: expect.stringContaining('set by the server') }],
    });
    expect(await update({ name: CONFIG, etag: '99' })).toMatchObject({
      reason: 'ETAG_MISMATCH',
      status: status.ABORTED,
      metadata: { currentEtag: '0' },
    });
    expect(await update({ name: FLAG })).toMatchObject({
      reason: 'INVALID_NAME',
      fields: [{ field: 'flag_config.name' }],
    });
    expect(
      await failure(call(admin, admin.updateFlagConfig, UpdateFlagConfigRequest.create())),
    ).toMatchObject({
      reason: 'INVALID_FIELD',
      fields: [{ field: 'flag_config' }],
    });
    expect(await failure(call(admin, admin.createFlag, createFlag({ flagId: 'Not A Key' })))).toMatchObject({
      reason: 'INVALID_FIELD',
      fields: [{ field: 'flag_id' }],
    });
    const unknown = { ...createFlag({ flagId: 'b' }), flag: { ...createFlag().flag!, kind: 99 as never } };
    expect(await failure(call(admin, admin.createFlag, unknown))).toMatchObject({ reason: 'INVALID_FIELD' });
  });

  it('manages projects, environments and segments alike', async () => {
    const { admin } = await controlPlane({ seed: 'none' });
    await call(admin, admin.createProject, CreateProjectRequest.fromJSON({ projectId: 'shop' }));
    const environment = await call(
      admin,
      admin.createEnvironment,
      CreateEnvironmentRequest.fromJSON({ parent: 'projects/shop', environmentId: 'prod' }),
    );
    expect(environment.environment?.name).toBe('projects/shop/environments/prod');
    const protectedNow = await call(
      admin,
      admin.updateEnvironment,
      UpdateEnvironmentRequest.fromJSON({
        environment: { name: 'projects/shop/environments/prod', protected: true },
        updateMask: 'protected',
      }),
    );
    expect(protectedNow.environment?.protected).toBe(true);
    const { environments } = await call(
      admin,
      admin.listEnvironments,
      ListEnvironmentsRequest.fromJSON({ parent: 'projects/shop' }),
    );
    expect(environments).toHaveLength(1);
    await call(
      admin,
      admin.createSegment,
      CreateSegmentRequest.fromJSON({
        parent: 'projects/shop',
        segmentId: 'staff',
        segment: { included: ['u1', 'u2'], condition: { gate: { ranges: [{ to: 1 }] } } },
      }),
    );
    const name = 'projects/shop/segments/staff';
    const without = UpdateSegmentRequest.fromJSON({
      segment: { name, included: ['u1'] },
      updateMask: 'included',
    });
    expect(await failure(call(admin, admin.updateSegment, without))).toMatchObject({
      reason: 'COMMENT_REQUIRED',
    });
    await call(admin, admin.updateSegment, { ...without, comment: 'u2 left' });
    const { segment } = await call(admin, admin.getSegment, GetSegmentRequest.fromJSON({ name }));
    expect(segment).toMatchObject({ included: ['u1'], memberCount: 1n });
    // Stored gates say everything, also those of segments.
    expect(segment?.condition?.node).toMatchObject({
      value: { gate: { prefix: 'staff.condition.', hash: 'murmur3-x86-32', buckets: 100_000 } },
    });
  });

  it('plans an apply without writing, then applies it', async () => {
    const { admin, running } = await controlPlane();
    const before = running.head();
    const request = (validateOnly: boolean): ApplyChangeSetRequest =>
      ApplyChangeSetRequest.fromJSON({
        changes: [
          { flagConfig: { name: CONFIG, enabled: true, fallthrough: { variant: 'on' } } },
          { flag: { name: FLAG, kind: 'FLAG_KIND_BOOLEAN' } },
        ],
        validateOnly,
        opId: 'apply-1',
      });
    const plan = await call(admin, admin.applyChangeSet, request(true));
    expect(running.head()).toBe(before);
    const applied = await call(admin, admin.applyChangeSet, request(false));
    expect(applied.outcomes).toEqual(plan.outcomes);
    expect(applied.outcomes.map(({ action }) => action)).toEqual([ChangeAction.CREATE, ChangeAction.CREATE]);
    expect(await call(admin, admin.applyChangeSet, request(false))).toEqual(applied);
    const { flagConfig } = await call(
      admin,
      admin.getFlagConfig,
      GetFlagConfigRequest.fromJSON({ name: CONFIG, atRevision: String(applied.revision?.revision) }),
    );
    expect(flagConfig?.enabled).toBe(true);
  });
});
