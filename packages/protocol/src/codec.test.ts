import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { bytesEqual, ENTITY_KIND, genesisFields, type RecordFields } from '@flagstream/replica';
import { loadSync, type ServiceDefinition } from '@grpc/proto-loader';
import { describe, expect, it } from 'vitest';
import {
  sha256 as digest,
  encodeChangeList,
  recordCodec,
  revisionNumber,
  versionedEntityToWire,
} from './codec.ts';
import { GetSnapshotResponse } from './gen/flagstream/v1/log.ts';

// Plain bytes, as decoding gives them.
const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(digest(bytes));

const content = new Uint8Array(Buffer.from('content'));
const change = {
  kind: ENTITY_KIND.flag,
  project: 'shop',
  environment: '',
  key: 'checkout',
  deleted: false,
  content,
  contentHash: sha256(content),
  tags: ['team-a'],
  clientVisible: true,
} as const;

const fields: RecordFields = {
  format: 1,
  logId: 'main',
  epoch: 3,
  revision: 18_422,
  prevHash: sha256(Buffer.from('before')),
  opId: 'op',
  requestDigest: sha256(Buffer.from('request')),
  kind: 'change',
  actor: { id: 'alice@example.com', kind: 'user' },
  wallMs: 1_764_086_400_000,
  comment: 'why',
  minReader: 1,
  changes: [change],
  parts: [{ sha256: sha256(content), size: content.length }],
};

describe('records', () => {
  it('are read as they were written, with their bytes and hash', () => {
    const written = recordCodec.encodeRecord(fields);
    const read = recordCodec.decodeRecord(written.bytes);
    expect(read).toMatchObject({
      ...fields,
      changes: [{ ...change, content: expect.anything() }],
      parts: expect.anything(),
    });
    expect(bytesEqual(read.changes[0]!.content, content)).toBe(true);
    expect(bytesEqual(read.hash, written.hash)).toBe(true);
  });

  it('chain by SHA-256("flagstream1" || bytes)', () => {
    const { bytes, hash } = recordCodec.encodeRecord(fields);
    const expected = createHash('sha256').update('flagstream1').update(bytes).digest();
    expect(bytesEqual(hash, expected)).toBe(true);
  });

  it('carry the lineage in a GENESIS', () => {
    const base = { epoch: 2, baseRevision: 40, baseHash: sha256(content), startedMs: 5, reason: 'reseed' };
    const genesis = genesisFields([base], 'op', { id: 'system', kind: 'system' });
    const read = recordCodec.decodeRecord(recordCodec.encodeRecord(genesis).bytes);
    expect(read).toMatchObject({ epoch: 2, revision: 41, kind: 'genesis' });
    expect(read.genesis?.lineage).toEqual([{ ...base, baseHash: expect.anything() }]);
  });

  it('are refused when they are none', () => {
    expect(() => recordCodec.decodeRecord(Buffer.from('not a record'))).toThrow();
    expect(() => recordCodec.decodeRecord(new Uint8Array(0))).toThrow('unknown record kind 0');
  });

  it('keep revisions exact', () => {
    expect(revisionNumber(9_007_199_254_740_991n)).toBe(Number.MAX_SAFE_INTEGER);
    expect(() => revisionNumber(9_007_199_254_740_992n)).toThrow(RangeError);
  });

  it('hold lists of changes in parts', () => {
    const [read] = recordCodec.decodeChangeList(encodeChangeList([change]));
    expect(read).toMatchObject({ kind: change.kind, key: 'checkout', tags: ['team-a'], clientVisible: true });
  });
});

describe('an independent decoder', () => {
  it('reads the same entity from the same proto files', () => {
    const includeDir = fileURLToPath(new URL('../../../proto', import.meta.url));
    const services = loadSync('flagstream/v1/log.proto', {
      includeDirs: [includeDir],
      longs: String,
      enums: String,
    });
    const { GetSnapshot } = services['flagstream.v1.LogService'] as ServiceDefinition;
    const entities = [versionedEntityToWire({ change, version: 18_422 })];
    const bytes = GetSnapshotResponse.encode({ chunk: { $case: 'entities', value: { entities } } }).finish();
    expect(GetSnapshot?.responseDeserialize(Buffer.from(bytes))).toMatchObject({
      entities: {
        entities: [
          {
            version: '18422',
            change: { kind: 'ENTITY_KIND_FLAG', key: 'checkout', tags: ['team-a'], clientVisible: true },
          },
        ],
      },
    });
  });
});
