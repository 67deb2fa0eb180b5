import { describe, expect, it } from 'vitest';
import { ClientSet } from './client-set.ts';
import { StateDigest } from './digest.ts';
import type { VersionedEntity } from './entity.ts';
import { flag, jsonCodec } from './log.fixture.ts';
import type { Position } from './position.ts';
import { type SyncClientEffect, type SyncClientEvent, SyncClientSession } from './sync-client.ts';
import type { Intent, ServerFrame, Transfer } from './sync-frames.ts';

const { sha256 } = jsonCodec;
const SETTINGS = {
  instanceId: 'i',
  sdk: { name: 'n', version: 'v', language: 'l' },
  heartbeatMs: 0,
  frameBytesMax: 0,
  heartbeatsMissedMax: 2.5,
  transferEntitiesMax: 3,
  welcomeTimeoutMs: 5_000,
};
const LOG = new Uint8Array(32).fill(1);
const at = (revision: number): Position => ({ epoch: 1, revision, hash: new Uint8Array(32).fill(revision) });
const entity = (key: string, version: number): VersionedEntity => ({
  change: flag(key, String(version)),
  version,
});
const digestOf = (...entities: VersionedEntity[]): Transfer['digest'] =>
  StateDigest.of(sha256, entities).halves;
const FRESH = { stalenessMs: 3, estimated: true, source: 'live' } as const;

const welcome = (intent: Intent, head = at(1)): ServerFrame => ({
  type: 'welcome',
  welcome: {
    proto: 1,
    sessionId: 's',
    node: 'n',
    head,
    intent,
    reason: '',
    heartbeatMs: 10_000,
    ackTimeoutMs: 30_000,
    maxFrameBytes: 0,
    sessionTtlMs: 0,
    reconnectSpreadMs: 1_000,
    place: { bootId: 'boot', sequence: 4 },
    freshness: FRESH,
    project: 'p',
    environment: 'e',
    logIdentity: LOG,
  },
});

const update = (revision: number, put: VersionedEntity[], held: VersionedEntity[] = put): ServerFrame => ({
  type: 'update',
  items: put.length,
  transfer: {
    transferId: revision,
    kind: 'delta',
    from: undefined,
    to: at(revision),
    put,
    remove: [],
    digest: digestOf(...held),
    forked: false,
  },
});

const ping = (head: Position, echoNonce = 0): ServerFrame => ({
  type: 'ping',
  nonce: 5,
  head,
  freshness: FRESH,
  wantDigest: false,
  echoNonce,
  reconnectSpreadMs: 3_000,
  reportSequence: 6,
});

const a1 = entity('a', 1);
const a2 = entity('a', 2);

class Bench {
  nowMs = 0;
  readonly session: SyncClientSession;

  constructor(set?: ClientSet) {
    this.session = new SyncClientSession(sha256, SETTINGS, set);
  }

  handle(event: SyncClientEvent): readonly SyncClientEffect[] {
    return this.session.handle(event, this.nowMs);
  }

  frame(...frames: ServerFrame[]): readonly SyncClientEffect[] {
    return frames.flatMap((frame) => [...this.handle({ type: 'frame', frame })]);
  }

  applied(transferId: number): readonly SyncClientEffect[] {
    return this.handle({ type: 'applied', transferId, applyUs: 9 });
  }
}

function opened(set?: ClientSet): Bench {
  const b = new Bench(set);
  b.handle({ type: 'opened', attempt: 0 });
  return b;
}

/** Holds `a` at revision 1 and is live. */
function live(): Bench {
  const b = opened();
  b.frame(welcome('full'), update(1, [a1]));
  b.applied(1);
  return b;
}

const sent = (effects: readonly SyncClientEffect[]): unknown[] =>
  effects.flatMap((effect) => (effect.type === 'send' ? [effect.frame] : []));
const closed = (effects: readonly SyncClientEffect[]): string | undefined =>
  effects.flatMap((effect) => (effect.type === 'close' ? [effect.reason] : []))[0];

describe('SyncClientSession', () => {
  it('says hello with what it holds', () => {
    const set = ClientSet.of(sha256, at(1), LOG, [a1]);
    const b = new Bench(set);
    expect(sent(b.handle({ type: 'opened', attempt: 3 }))).toMatchObject([
      {
        type: 'hello',
        hello: { attempt: 3, have: { position: at(1), digest: digestOf(a1), logIdentity: LOG } },
      },
    ]);
    expect(sent(new Bench().handle({ type: 'opened', attempt: 0 }))).toMatchObject([
      { hello: { have: undefined, lostStreams: [] } },
    ]);
  });

  it('tells of streams that were lost, and knows where it is counted itself and whether it has answered', () => {
    const b = new Bench(ClientSet.of(sha256, at(1), LOG, [a1]));
    const lostStreams = [{ bootId: 'dead', sequence: 7 }];
    expect(sent(b.handle({ type: 'opened', attempt: 1, lostStreams }))).toMatchObject([
      { hello: { lostStreams } },
    ]);
    expect(b.session.place).toBeUndefined();
    b.frame(welcome('none', at(1)));
    expect([b.session.place, b.session.answered]).toEqual([{ bootId: 'boot', sequence: 4 }, false]);
    b.frame(ping(at(1)));
    expect([b.session.place, b.session.answered]).toEqual([{ bootId: 'boot', sequence: 6 }, true]);
  });

  it('acknowledges a transfer only when it is in force', () => {
    const b = opened();
    const effects = b.frame(welcome('full'), update(1, [a1]));
    expect(effects.map(({ type }) => type)).toEqual(['welcomed', 'apply']);
    expect(b.session.set.size).toBe(0);
    expect(b.session.live).toBe(false);
    expect(sent(b.applied(1))).toMatchObject([
      { type: 'ack', transferId: 1, applyUs: 9, have: { position: at(1) } },
    ]);
    expect(b.session.set.size).toBe(1);
    expect(b.session.live).toBe(true);
  });

  it('is live at once when it is current, and knows that it is fresh', () => {
    const b = opened(ClientSet.of(sha256, at(1), LOG, [a1]));
    expect(b.frame(welcome('none'))).toMatchObject([{ type: 'welcomed' }, { type: 'fresh', head: at(1) }]);
    expect(b.session.live).toBe(true);
  });

  it('refuses what cannot be brought into force, and keeps its set', () => {
    const b = live();
    b.frame(update(2, [a2]));
    expect(sent(b.handle({ type: 'apply-failed', transferId: 2, detail: 'no' }))).toMatchObject([
      { type: 'nack', transferId: 2, code: 'apply', detail: 'no', have: { position: at(1) } },
    ]);
    expect(b.session.set.position).toEqual(at(1));
    expect(b.frame(update(3, [a2]))).toMatchObject([{ type: 'apply' }]);
  });

  it('refuses what does not add up, is incomplete or goes back', () => {
    const b = live();
    expect(sent(b.frame(update(2, [a2], [a1])))).toMatchObject([{ type: 'nack', code: 'digest-mismatch' }]);
    expect(sent(b.frame({ ...update(2, [a2]), items: 2 } as ServerFrame))).toMatchObject([
      { code: 'decode' },
    ]);
    expect(sent(b.frame(update(0, [a2])))).toMatchObject([{ type: 'nack', code: 'epoch-regression' }]);
  });

  const begin: ServerFrame = {
    type: 'begin',
    transferId: 2,
    kind: 'full',
    from: undefined,
    to: at(2),
    forked: false,
  };
  const items = (seq: number, ...put: VersionedEntity[]): ServerFrame => ({
    type: 'items',
    transferId: 2,
    seq,
    put,
    remove: [],
  });
  const commit = (count: number, ...held: VersionedEntity[]): ServerFrame => ({
    type: 'commit',
    transferId: 2,
    to: at(2),
    digest: digestOf(...held),
    items: count,
  });

  it('takes a transfer of many frames when its commit has come', () => {
    const b = live();
    const b2 = entity('b', 2);
    expect(b.frame(begin, items(0, a2), items(1, b2))).toEqual([]);
    expect(b.frame(commit(2, a2, b2))).toMatchObject([{ type: 'apply', transfer: { kind: 'full' } }]);
    b.applied(2);
    expect(b.session.set.size).toBe(2);
  });

  it('does not move over a transfer that is still coming', () => {
    const b = live();
    b.frame(begin, items(0, a2));
    const effects = b.frame(ping(at(2)));
    expect(effects.map(({ type }) => type)).toEqual(['send']);
    expect(b.session.set.position).toEqual(at(1));
  });

  it('is not fresh by a ping that crosses its refusal, until it takes something', () => {
    const b = live();
    b.frame(update(2, [a2]));
    b.handle({ type: 'apply-failed', transferId: 2, detail: 'no' });
    expect(b.frame(ping(at(1))).map(({ type }) => type)).toEqual(['send']);
    b.frame(update(3, [a2]));
    b.applied(3);
    expect(b.frame(ping(at(3))).map(({ type }) => type)).toEqual(['fresh', 'send']);
  });

  it('ends the stream when frames come out of order', () => {
    expect(closed(live().frame(items(0, a2)))).toBe('items of no open transfer');
    expect(closed(live().frame(begin, items(1, a2)))).toBe('items out of order');
    expect(closed(live().frame(commit(0)))).toBe('a commit of no open transfer');
    expect(closed(live().frame(welcome('none')))).toBe('a second welcome');
    expect(closed(opened().frame(update(1, [a1])))).toBe('update before welcome');
    expect(closed(live().frame(update(2, [a2]), update(3, [a2])))).toBe(
      'a transfer while another one is open',
    );
    const many = [1, 2, 3, 4].map((n) => entity(`k${n}`, n));
    expect(closed(live().frame(begin, items(0, ...many)))).toBe('a transfer larger than this client takes');
  });

  it('follows bookmarks and answers pings; its bound counts from its own clock', () => {
    const b = live();
    b.nowMs = 100;
    const first = b.frame(ping(at(5)));
    expect(first).toMatchObject([
      { type: 'fresh', head: at(5), provenMs: undefined },
      { type: 'send', frame: { type: 'pong', nonce: 5, clientNonce: 1, have: { position: at(5) } } },
    ]);
    b.nowMs = 200;
    expect(b.frame(ping(at(5), 1))[0]).toMatchObject({ type: 'fresh', provenMs: 100 });
    expect(b.frame(ping(at(4))).map(({ type }) => type)).toEqual(['send']);
    // Of a branch that the set in force has left.
    expect(b.frame(ping({ ...at(5), hash: new Uint8Array(32) })).map(({ type }) => type)).toEqual(['send']);
    expect(b.session.set.position).toEqual(at(5));
    expect(b.session.set.position).toEqual(at(5));
  });

  it('gives up on a server that is silent', () => {
    const waiting = opened();
    waiting.nowMs = SETTINGS.welcomeTimeoutMs;
    expect(closed(waiting.handle({ type: 'tick' }))).toBe('the server is silent');
    const b = live();
    b.nowMs = 24_999;
    expect(b.handle({ type: 'tick' })).toEqual([]);
    b.nowMs = 25_000;
    expect(closed(b.handle({ type: 'tick' }))).toBe('the server is silent');
    expect(b.session.closed).toBe(true);
    expect(b.frame(ping(at(9)))).toEqual([]);
  });

  it('passes on what the server says about itself', () => {
    const drain = { deadlineMs: 1, reconnectMinMs: 2, reconnectMaxMs: 3 };
    expect(live().frame({ type: 'drain', reason: 'shutdown', ...drain })).toEqual([
      { type: 'drain', ...drain },
    ]);
    const error = { type: 'error', code: 'behind', retryAfterMs: 7, head: undefined, detail: 'd' } as const;
    expect(live().frame(error)).toEqual([
      { type: 'close', reason: 'behind: d', code: 'behind', retryAfterMs: 7 },
    ]);
    expect(live().frame({ type: 'unknown', ignorable: true })).toEqual([]);
    expect(closed(live().frame({ type: 'unknown', ignorable: false }))).toContain('does not know');
  });
});
