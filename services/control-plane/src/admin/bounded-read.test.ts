import {
  AdminServiceService,
  CreateFlagRequest,
  GetFlagRequest,
  ListFlagsRequest,
} from '@flagstream/protocol/gen/flagstream/v1/admin';
import {
  EvaluateAtRequest,
  HistoryServiceClient,
  ListAnswerChangesRequest,
} from '@flagstream/protocol/gen/flagstream/v1/history';
import type { Revision } from '@flagstream/protocol/gen/flagstream/v1/model';
import { describe, expect, it } from 'vitest';
import {
  call,
  clientOf,
  controlPlane,
  failure,
  type TestControlPlane,
  waiting,
} from '../control-plane.fixture.ts';

const createFlag = ({ admin }: TestControlPlane, flagId: string) =>
  call(
    admin,
    admin.createFlag,
    CreateFlagRequest.fromJSON({
      parent: 'projects/default',
      flagId,
      flag: { kind: 'FLAG_KIND_BOOLEAN' },
    }),
  );

const after = ({ running }: TestControlPlane, revisions: number): Revision => {
  const { epoch, revision } = running.head();
  return { epoch, revision: BigInt(revision + revisions), hash: Buffer.alloc(0) };
};

describe('min_revision', () => {
  it('bounds every read of AdminService', async () => {
    const plane = await controlPlane();
    const { admin } = plane;
    const minRevision = after(plane, 1);
    const reads = Object.entries(AdminServiceService).filter(([name]) => /^(get|list|diff)/.test(name));
    expect(reads).toHaveLength(14);
    const errors = await Promise.all(
      reads.map(([name, method]) => {
        // Only what the bound needs: a read that did not wait would fail on its empty name.
        const request = method.requestDeserialize(Buffer.alloc(0));
        const send = admin[name as 'getFlag'].bind(admin) as typeof admin.getFlag;
        return failure(call(admin, send, { ...(request as GetFlagRequest), minRevision }));
      }),
    );
    for (const error of errors)
      expect(error).toMatchObject({
        reason: 'REVISION_NOT_REACHED',
        metadata: { applied: expect.stringMatching(/^e1\.\d+$/) },
      });
  });

  it('waits for a commit above the head and reads what it brought', async () => {
    const plane = await controlPlane();
    const { admin } = plane;
    const name = 'projects/default/flags/late';
    const read = call(
      admin,
      admin.getFlag,
      GetFlagRequest.fromPartial({ name, minRevision: after(plane, 1) }),
    );
    await waiting(plane);
    const created = await createFlag(plane, 'late');
    expect(await read).toMatchObject({ flag: { name }, revision: created.revision, belowMinRevision: false });
  });

  it('waits for it in the past as well, whose newest it then is', async () => {
    const plane = await controlPlane();
    const history = clientOf(HistoryServiceClient, plane.address);
    const question = { parent: 'projects/default/environments/development', flagKey: 'late' };
    const answered = call(
      history,
      history.evaluateAt,
      EvaluateAtRequest.fromPartial({ ...question, minRevision: after(plane, 1) }),
    );
    await waiting(plane);
    const { revision } = await createFlag(plane, 'late');
    expect(await answered).toMatchObject({ result: { value: false }, revision, belowMinRevision: false });
    const changes = await call(
      history,
      history.listAnswerChanges,
      ListAnswerChangesRequest.fromPartial({ ...question, minRevision: after(plane, 1), allowStale: true }),
    );
    expect(changes).toMatchObject({ changes: [{ revision }], revision, belowMinRevision: true });
  });

  it('lets those who allow it read the log as it is, and says that it is below', async () => {
    const plane = await controlPlane();
    const { admin } = plane;
    const created = await createFlag(plane, 'here');
    const bound = { minRevision: after(plane, 1), allowStale: true };
    const get = (name: string) => call(admin, admin.getFlag, GetFlagRequest.fromPartial({ name, ...bound }));
    const [here, missing, listed] = await Promise.all([
      get('projects/default/flags/here'),
      failure(get('projects/default/flags/missing')),
      call(admin, admin.listFlags, ListFlagsRequest.fromPartial({ parent: 'projects/default', ...bound })),
    ]);
    for (const answer of [here, listed])
      expect(answer).toMatchObject({ revision: created.revision, belowMinRevision: true });
    expect(missing).toMatchObject({ reason: 'FLAG_NOT_FOUND', metadata: { belowMinRevision: 'true' } });
    const other = { ...after(plane, 0), hash: Buffer.alloc(32) };
    const forked = call(
      admin,
      admin.getFlag,
      GetFlagRequest.fromPartial({ name: 'projects/default/flags/here', ...bound, minRevision: other }),
    );
    expect(await failure(forked)).toMatchObject({ reason: 'REVISION_FORKED' });
  });

  it('refuses a revision with other content than this log has there', async () => {
    const plane = await controlPlane();
    const { admin } = plane;
    const { revision } = await createFlag(plane, 'a');
    const list = (minRevision: Revision | undefined) =>
      call(
        admin,
        admin.listFlags,
        ListFlagsRequest.fromPartial({ parent: 'projects/default', ...(minRevision && { minRevision }) }),
      );
    expect(await list(revision)).toMatchObject({ revision });
    await createFlag(plane, 'b');
    const other = { epoch: 1, revision: revision?.revision ?? 0n, hash: Buffer.alloc(32) };
    const error = await failure(list(other));
    expect(error).toMatchObject({ reason: 'REVISION_FORKED' });
    expect(error.message).toContain('forked');
  });
});
