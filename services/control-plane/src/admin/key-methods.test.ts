// What may become of keys, asked for through the door with keys.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type AdminServiceClient,
  ApplyChangeSetRequest,
  CreateFlagRequest,
  CreateKeyRequest,
  GetProjectRequest,
  ListChangesRequest,
  RevertRequest,
  RevokeKeyRequest,
  RotateKeyRequest,
  type RotateKeyResponse,
} from '@flagstream/protocol/gen/flagstream/v1/admin';
import { FlagKind, KeyKind, Role, Verb } from '@flagstream/protocol/gen/flagstream/v1/model';
import { describe, expect, it } from 'vitest';
import { call, controlPlane, type TestControlPlane } from '../control-plane.fixture.ts';

const DEVELOPMENT = 'projects/default/environments/development';

interface Made {
  readonly name: string;
  readonly token: string;
}

/** Calls with one key, or without. */
class Holder {
  readonly admin: AdminServiceClient;
  readonly headers: Readonly<Record<string, string>>;

  constructor(admin: AdminServiceClient, token: string | undefined) {
    this.admin = admin;
    this.headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  }

  as(token: string): Holder {
    return new Holder(this.admin, token);
  }

  async create(parent: string, key: object): Promise<Made> {
    const request = CreateKeyRequest.fromPartial({ parent, key });
    const answer = await call(this.admin, this.admin.createKey, request, this.headers);
    return { name: answer.key!.name, token: answer.token };
  }

  async rotate(name: string): Promise<RotateKeyResponse> {
    return call(this.admin, this.admin.rotateKey, RotateKeyRequest.fromPartial({ name }), this.headers);
  }

  async revoke(name: string): Promise<void> {
    await call(this.admin, this.admin.revokeKey, RevokeKeyRequest.fromPartial({ name }), this.headers);
  }

  async apply(changes: readonly object[]): Promise<void> {
    const request = ApplyChangeSetRequest.fromJSON({ changes });
    await call(this.admin, this.admin.applyChangeSet, request, this.headers);
  }

  async undo(revision: number): Promise<void> {
    const request = RevertRequest.fromJSON({ undoRevision: revision });
    await call(this.admin, this.admin.revert, request, this.headers);
  }

  async getProject(): Promise<unknown> {
    const request = GetProjectRequest.fromPartial({ name: 'projects/default' });
    return call(this.admin, this.admin.getProject, request, this.headers);
  }
}

/** A control plane that asks for keys, and the holder of the first owner's. */
async function keyed(): Promise<TestControlPlane & { readonly first: Holder }> {
  const site = await controlPlane({ requireKeys: true });
  const token = readFileSync(join(site.data, 'owner-key'), 'utf8').trim();
  return { ...site, first: new Holder(site.admin, token) };
}

describe('a key that is asked for', () => {
  it('cannot be so large that nobody can revoke it', async () => {
    const { first } = await keyed();
    const role = { role: Role.OWNER, project: 'default', environment: 'development' };
    const owner = first.as((await first.create('', { kind: KeyKind.ADMIN, roles: [role] })).token);
    const verbs = Array<Verb>(523_876).fill(Verb.EVALUATE);
    await expect(owner.create(DEVELOPMENT, { kind: KeyKind.SERVER, verbs })).rejects.toMatchObject({
      reason: 'INVALID_FIELD',
      fields: [{ field: 'key.verbs[1]' }],
    });
    const sound = await owner.create(DEVELOPMENT, { kind: KeyKind.SERVER, verbs: [Verb.EVALUATE] });
    await owner.revoke(sound.name);
  });
});

describe('a key whose environment or project is archived', () => {
  it.each(['projects/default', DEVELOPMENT])('is revoked, and stays so when %s comes back', async (name) => {
    const { first, running } = await keyed();
    const { name: key, token } = await first.create(DEVELOPMENT, { kind: KeyKind.SERVER });
    await first.apply([{ archive: name }]);
    const archived = running.head().revision;
    await expect(first.rotate(key)).rejects.toMatchObject({ reason: 'PARENT_ARCHIVED' });
    await expect(first.as(token).revoke(key)).rejects.toMatchObject({ reason: 'PERMISSION_DENIED' });
    await first.revoke(key);
    await first.undo(archived);
    await expect(first.as(token).getProject()).rejects.toMatchObject({ message: 'the key was revoked' });
    await expect(first.rotate(key)).rejects.toMatchObject({ reason: 'KEY_ENDED' });
    await first.create(DEVELOPMENT, { kind: KeyKind.SERVER });
  });
});

describe('whoever makes a key', () => {
  const AT = { project: 'default', environment: 'development' };
  const owns = (verbs: Verb[], place: object = AT): object => ({
    kind: KeyKind.ADMIN,
    roles: [{ role: Role.OWNER, ...place }],
    verbs,
  });
  const EVERY_KIND: readonly (readonly [string, object])[] = [
    [DEVELOPMENT, { kind: KeyKind.SERVER }],
    [DEVELOPMENT, { kind: KeyKind.CLIENT }],
    ['', { kind: KeyKind.ADMIN, roles: [{ role: Role.NODE }] }],
    ['', { kind: KeyKind.ADMIN, roles: [{ role: Role.OWNER }] }],
  ];
  const CAN_ADMINISTER: readonly (readonly [string, object])[] = [
    ['', { kind: KeyKind.ADMIN, roles: [{ role: Role.OWNER }], verbs: [Verb.ADMINISTER] }],
    [DEVELOPMENT, { kind: KeyKind.CLIENT, verbs: [Verb.SYNC] }],
  ];

  it('makes and rotates every kind as an owner without limits, where it is one', async () => {
    const { first } = await keyed();
    for (const [parent, key] of EVERY_KIND) await first.rotate((await first.create(parent, key)).name);
    const owner = first.as((await first.create('', owns([]))).token);
    for (const kind of [KeyKind.SERVER, KeyKind.CLIENT])
      await owner.rotate((await owner.create(DEVELOPMENT, { kind })).name);
  });

  it('hands on no verb that its own key is limited not to have, by a new key or by a rotated one', async () => {
    const { first } = await keyed();
    const limited = first.as((await first.create('', owns([Verb.ADMINISTER], {}))).token);
    for (const [parent, key] of EVERY_KIND) {
      await expect(limited.create(parent, key)).rejects.toMatchObject({ reason: 'PERMISSION_DENIED' });
      const { name } = await first.create(parent, key);
      await expect(limited.rotate(name)).rejects.toMatchObject({ reason: 'PERMISSION_DENIED' });
      await limited.revoke(name);
    }
    for (const [parent, key] of CAN_ADMINISTER) await limited.create(parent, key);
  });

  it('hands on the verbs that its own key is limited to', async () => {
    const { first } = await keyed();
    const verbs = [Verb.ADMINISTER, Verb.EVALUATE, Verb.SYNC];
    const limited = first.as((await first.create('', owns(verbs))).token);
    await limited.create(DEVELOPMENT, { kind: KeyKind.CLIENT });
    await limited.create(DEVELOPMENT, { kind: KeyKind.SERVER, verbs: [Verb.EVALUATE, Verb.SYNC] });
    await expect(limited.create(DEVELOPMENT, { kind: KeyKind.SERVER })).rejects.toThrow(
      'may not hand on by a key the right to explain in projects/default/environments/development',
    );
  });

  it('may make every key on loopback without one', async () => {
    const { admin } = await controlPlane();
    const anybody = new Holder(admin, undefined);
    for (const [parent, key] of EVERY_KIND) await anybody.rotate((await anybody.create(parent, key)).name);
  });
});

describe('an operation id', () => {
  it('is each key’s own: others neither learn of it nor take it, and its retries find it, also by a new secret', async () => {
    const { first, admin, running } = await keyed();
    const editor = { kind: KeyKind.ADMIN, roles: [{ role: Role.EDITOR, project: 'default' }] };
    const [one, other] = [await first.create('', editor), await first.create('', editor)];
    const write = async (token: string, flagId: string): Promise<bigint | undefined> => {
      const flag = { kind: FlagKind.BOOLEAN };
      const request = CreateFlagRequest.fromPartial({
        parent: 'projects/default',
        flagId,
        flag,
        opId: 'op-1',
      });
      const answer = await call(admin, admin.createFlag, request, first.as(token).headers);
      return answer.revision?.revision;
    };
    const made = await write(one.token, 'a');
    expect(await write(other.token, 'b')).toBe(made! + 1n);
    await expect(write(other.token, 'a')).rejects.toMatchObject({ reason: 'OP_ID_REUSED' });
    const { token } = await first.rotate(one.name);
    const head = running.head();
    expect(await write(token, 'a')).toBe(made);
    expect(running.head()).toEqual(head);
    const asked = ListChangesRequest.fromPartial({ parent: 'projects/default', pageSize: 2 });
    const { entries } = await call(admin, admin.listChanges, asked, first.headers);
    expect(entries.map(({ opId }) => opId)).toEqual(['op-1', 'op-1']);
  });
});
