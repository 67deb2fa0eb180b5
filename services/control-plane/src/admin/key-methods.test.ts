// What may become of keys, asked for through the door with keys.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type AdminServiceClient,
  ApplyChangeSetRequest,
  CreateKeyRequest,
  GetProjectRequest,
  RevertRequest,
  RevokeKeyRequest,
  RotateKeyRequest,
} from '@flagstream/protocol/gen/flagstream/v1/admin';
import { KeyKind, Role, Verb } from '@flagstream/protocol/gen/flagstream/v1/model';
import { describe, expect, it } from 'vitest';
import { call, controlPlane, type TestControlPlane } from '../control-plane.fixture.ts';

const DEVELOPMENT = 'projects/default/environments/development';

interface Made {
  readonly name: string;
  readonly token: string;
}

/** Calls with one key. */
class Holder {
  readonly admin: AdminServiceClient;
  readonly headers: Readonly<Record<string, string>>;

  constructor(admin: AdminServiceClient, token: string) {
    this.admin = admin;
    this.headers = { authorization: `Bearer ${token}` };
  }

  as(token: string): Holder {
    return new Holder(this.admin, token);
  }

  async create(parent: string, key: object): Promise<Made> {
    const request = CreateKeyRequest.fromPartial({ parent, key });
    const answer = await call(this.admin, this.admin.createKey, request, this.headers);
    return { name: answer.key!.name, token: answer.token };
  }

  async rotate(name: string): Promise<unknown> {
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
