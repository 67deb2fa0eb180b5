// What may become of keys, asked for through the door with keys.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type AdminServiceClient,
  CreateKeyRequest,
  RevokeKeyRequest,
} from '@flagstream/protocol/gen/flagstream/v1/admin';
import { KeyKind, Role, Verb } from '@flagstream/protocol/gen/flagstream/v1/model';
import { describe, expect, it } from 'vitest';
import { call, controlPlane } from '../control-plane.fixture.ts';

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

  async revoke(name: string): Promise<void> {
    await call(this.admin, this.admin.revokeKey, RevokeKeyRequest.fromPartial({ name }), this.headers);
  }
}

async function keyed(): Promise<Holder> {
  const { admin, data } = await controlPlane({ requireKeys: true });
  return new Holder(admin, readFileSync(join(data, 'owner-key'), 'utf8').trim());
}

describe('a key that is asked for', () => {
  it('cannot be so large that nobody can revoke it', async () => {
    const first = await keyed();
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
