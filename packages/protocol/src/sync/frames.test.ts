import {
  type ClientFrame,
  ENTITY_KIND,
  type Have,
  type Position,
  type VersionedEntity,
} from '@flagstream/replica';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SyncRequest } from '../gen/flagstream/v1/stream.ts';
import { clientFrameFromWire, encodeClientFrame } from './client-frame.ts';
import {
  decodeServerFrame,
  encodeDrain,
  encodePing,
  encodeStreamError,
  encodeWelcome,
} from './server-frame.ts';
import { encodeTransfer } from './transfer.ts';

const bytes = fc.uint8Array({ minLength: 32, maxLength: 32 });
const revision = fc.nat({ max: Number.MAX_SAFE_INTEGER });
const position: fc.Arbitrary<Position> = fc.record({
  epoch: fc.nat({ max: 0xffff_ffff }),
  revision,
  hash: bytes,
});
const half = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n });
const digest = fc.record({ hi: half, lo: half });
const have: fc.Arbitrary<Have> = fc.record({ position, digest, logIdentity: bytes });
const reportPlace = fc.record({ bootId: fc.uuid(), sequence: revision });
const maybeHave = fc.option(have, { nil: undefined });
const u32 = fc.nat({ max: 0xffff_ffff });
const text = fc.string({ maxLength: 40 });
const freshness = fc.record({
  stalenessMs: u32,
  estimated: fc.boolean(),
  source: fc.constantFrom(
    'live' as const,
    'fallback' as const,
    'stale-cache' as const,
    'frozen' as const,
    'diverged' as const,
  ),
});

const clientFrame: fc.Arbitrary<ClientFrame> = fc.oneof(
  fc.record({
    type: fc.constant('hello' as const),
    hello: fc.record({
      protoMin: u32,
      protoMax: u32,
      instanceId: text,
      sdk: fc.record({ name: text, version: text, language: text }),
      have: maybeHave,
      maxFrameBytes: u32,
      heartbeatMs: u32,
      attempt: u32,
      filtered: fc.constant(false),
      lostStreams: fc.array(reportPlace, { maxLength: 4 }),
    }),
  }),
  fc.record({ type: fc.constant('ack' as const), transferId: revision, have: maybeHave, applyUs: u32 }),
  fc.record({
    type: fc.constant('nack' as const),
    transferId: revision,
    code: fc.constantFrom('digest-mismatch' as const, 'apply' as const, 'epoch-regression' as const),
    detail: text,
    bad: fc.constant([]),
    have: maybeHave,
  }),
  fc.record({ type: fc.constant('pong' as const), nonce: revision, have: maybeHave, clientNonce: revision }),
  fc.record({ type: fc.constant('bye' as const), reason: text, have: maybeHave }),
);

/** Buffers and Uint8Arrays alike as hex, so that they compare by content. */
function plain(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_key, member: unknown) => {
      if (typeof member === 'bigint') return `${member}n`;
      if (member instanceof Uint8Array) return Buffer.from(member).toString('hex');
      const buffer = member as { type?: string; data?: number[] } | null;
      if (buffer?.type === 'Buffer' && buffer.data !== undefined)
        return Buffer.from(buffer.data).toString('hex');
      return member;
    }),
  );
}

describe('frames of the push protocol', () => {
  it('of a client arrive as they were sent', () => {
    fc.assert(
      fc.property(clientFrame, (frame) => {
        const arrived = clientFrameFromWire(SyncRequest.decode(encodeClientFrame(frame)));
        expect(plain(arrived)).toEqual(plain(frame));
      }),
      { numRuns: 300 },
    );
  });

  it('of a server arrive as they were sent', () => {
    fc.assert(
      fc.property(position, freshness, revision, bytes, (head, fresh, nonce, logIdentity) => {
        const welcome = {
          proto: 1,
          sessionId: 's',
          node: 'n',
          head,
          intent: 'delta' as const,
          reason: 'resumed',
          heartbeatMs: 10_000,
          ackTimeoutMs: 30_000,
          maxFrameBytes: 262_144,
          sessionTtlMs: 1_800_000,
          reconnectSpreadMs: 10_000,
          place: { bootId: 'b', sequence: nonce },
          freshness: fresh,
          project: 'shop',
          environment: 'production',
          logIdentity,
        };
        expect(plain(decodeServerFrame(encodeWelcome(welcome)))).toEqual(plain({ type: 'welcome', welcome }));
        const ping = {
          type: 'ping' as const,
          nonce,
          head,
          freshness: fresh,
          wantDigest: true,
          echoNonce: nonce,
          reconnectSpreadMs: 9_000,
          reportSequence: nonce,
        };
        expect(plain(decodeServerFrame(encodePing(ping)))).toEqual(plain(ping));
        const drain = { reason: 'shutdown' as const, deadlineMs: 1, reconnectMinMs: 2, reconnectMaxMs: 3 };
        expect(decodeServerFrame(encodeDrain(drain))).toEqual({ type: 'drain', ...drain });
        const error = { code: 'behind' as const, retryAfterMs: 9, head, detail: 'd' };
        expect(plain(decodeServerFrame(encodeStreamError(error)))).toEqual(
          plain({ type: 'error', ...error }),
        );
      }),
      { numRuns: 100 },
    );
  });

  it('that this release does not know are told apart by whether they may be ignored', () => {
    const unknown = (ignorable: boolean): ClientFrame =>
      clientFrameFromWire(SyncRequest.decode(SyncRequest.encode({ frame: undefined, ignorable }).finish()));
    expect([unknown(true), unknown(false)]).toEqual([
      { type: 'unknown', ignorable: true },
      { type: 'unknown', ignorable: false },
    ]);
  });
});

describe('a transfer', () => {
  const to = { epoch: 1, revision: 9, hash: new Uint8Array(32) };
  const header = { kind: 'full' as const, from: undefined, to, forked: false, digest: { hi: 1n, lo: 2n } };
  const entity = (key: string, size: number): VersionedEntity => ({
    change: {
      kind: ENTITY_KIND.flag,
      project: 'p',
      environment: '',
      key,
      deleted: false,
      content: new Uint8Array(size),
      contentHash: new Uint8Array(32),
      tags: [],
      clientVisible: false,
    },
    version: 9,
  });

  it('is one frame when it fits, and names the revision that it leads to', () => {
    const frames = encodeTransfer(header, { put: [entity('a', 10)], remove: [entity('b', 0)] }, 4096);
    expect(frames).toHaveLength(1);
    expect(decodeServerFrame(frames[0]!)).toMatchObject({
      type: 'update',
      items: 2,
      transfer: {
        transferId: 9,
        kind: 'full',
        put: [{ change: { key: 'a' }, version: 9 }],
        remove: [{ key: 'b' }],
      },
    });
  });

  it('in one frame says what it said: its kind, and from where', () => {
    const epoch = fc.integer({ min: 1, max: 3 });
    const place = fc.record({ epoch, revision, hash: bytes });
    fc.assert(
      fc.property(
        fc.constantFrom('delta' as const, 'full' as const),
        fc.option(place, { nil: undefined }),
        place,
        digest,
        fc.boolean(),
        (kind, from, to, set, forked) => {
          const said = { kind, from, to, forked, digest: set };
          const [frame] = encodeTransfer(said, { put: [entity('a', 10)], remove: [] }, 4096);
          const read = decodeServerFrame(frame!);
          expect(plain(read.type === 'update' && read.transfer)).toMatchObject(plain(said) as object);
        },
      ),
    );
  });

  it('is begun, itemised and committed when it does not, every frame within its bound', () => {
    const put = Array.from({ length: 50 }, (_, i) => entity(`flag-${i}`, 700));
    const frames = encodeTransfer(header, { put, remove: [] }, 8192);
    const read = frames.map((frame) => decodeServerFrame(frame));
    expect(read.at(0)).toMatchObject({ type: 'begin', transferId: 9 });
    expect(read.at(-1)).toMatchObject({ type: 'commit', items: 50, digest: { hi: 1n, lo: 2n } });
    const items = read.flatMap((frame) => (frame.type === 'items' ? [frame] : []));
    expect(items.map(({ seq }) => seq)).toEqual(items.map((_, i) => i));
    expect(items.flatMap((frame) => frame.put.map(({ change }) => change.key))).toEqual(
      put.map(({ change }) => change.key),
    );
    expect(Math.max(...frames.map((frame) => frame.length))).toBeLessThanOrEqual(8192);
  });

  it('of nothing is still a frame: an empty environment has a digest too', () => {
    expect(encodeTransfer(header, { put: [], remove: [] }, 8192)).toHaveLength(1);
  });
});
