import { apiKeyId, LIMITS } from '@flagstream/protocol';
import { ApiKey, KeyKind, Verb } from '@flagstream/protocol/gen/flagstream/v1/model';
import { describe, expect, it } from 'vitest';
import { PROJECT, Workbench } from '../workbench.fixture.ts';
import { keyChange, revokedKey } from './api-keys.ts';
import type { Edit } from './edit.ts';

const ID = apiKeyId('p', 'dev', 'k');
const SWOLLEN = ApiKey.fromPartial({ kind: KeyKind.SERVER, verbs: Array<Verb>(523_500).fill(Verb.EVALUATE) });

function shop(): Workbench {
  const bench = new Workbench();
  bench.apply(PROJECT);
  return bench;
}

const revocation = (bench: Workbench): Edit => ({
  op: 'key',
  id: ID,
  path: 'name',
  next: (before) => revokedKey(ID, before, bench.nowMs),
  ends: true,
});

describe('an API key', () => {
  it('is refused where it is larger than any entity may be', () => {
    const attempt = (): unknown => shop().edit([{ op: 'key', id: ID, path: 'key', next: () => SWOLLEN }]);
    expect(attempt).toThrow(expect.objectContaining({ reason: 'LIMIT_EXCEEDED' }));
    expect(attempt).toThrow(/^key: has [0-9]+ bytes/);
  });

  it('is revoked also where an earlier release took it as large as a record', () => {
    const bench = shop();
    const changes = [keyChange(ID, SWOLLEN)];
    const actor = { id: 'k', kind: 'key' };
    bench.log.append({ opId: 'old', requestDigest: new Uint8Array(32), actor, comment: '', changes });
    bench.edit([revocation(bench)], {
      actor: 'a'.repeat(LIMITS.actorLengthMax),
      comment: 'c'.repeat(LIMITS.commentLengthMax),
    });
    expect(bench.store.entity(ID)?.change.deleted).toBe(true);
  });
});
