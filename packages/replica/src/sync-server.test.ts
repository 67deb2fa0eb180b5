import { describe, expect, it } from 'vitest';
import { ORIGIN } from './position.ts';
import type { Have } from './sync-frames.ts';
import { at, Bench, closeOf, digestAt, have, hello, intent, live, SETTINGS } from './sync-server.fixture.ts';
import type { SyncServerEffect } from './sync-server-events.ts';

describe('a node that took another log', () => {
  it('ends its streams, so that their clients come back with what they hold', () => {
    const b = live();
    b.env.log = new Uint8Array(32).fill(2);
    b.env.revision = 3;
    b.env.changed = 3;
    expect(closeOf(b.tell({ type: 'head' }))).toBe('not-ready');
  });

  it('ends a stream that waits for an acknowledgement once that came', () => {
    const b = new Bench();
    b.frame(hello());
    b.env.log = new Uint8Array(32).fill(2);
    expect(b.head()).toEqual([]);
    expect(closeOf(b.ack(10))).toBe('not-ready');
  });

  it('sends everything where its own revision turned out to be of a branch', () => {
    const b = live();
    b.env.branchedAt = 10;
    expect(b.tell({ type: 'head' })).toMatchObject([
      { type: 'transfer', kind: 'full', transferId: 10, forked: true },
    ]);
  });

  it('tells a client that comes with what was withdrawn', () => {
    const b = new Bench();
    b.env.branchedAt = 7;
    b.env.epoch = 2;
    expect(b.frame(hello(have(7)))).toMatchObject([
      { type: 'welcome', welcome: { intent: 'full', reason: 'the revision was withdrawn' } },
      { type: 'transfer', kind: 'full', forked: true },
    ]);
  });
});

describe('hello', () => {
  it.each<[string, Have | undefined, string]>([
    ['nothing', undefined, 'full'],
    ['the newest set', have(10), 'none'],
    ['an older revision', have(7), 'delta'],
    ['a revision before the window', have(4), 'full'],
    [
      'another record at a revision',
      { ...have(7), position: { ...at(7), hash: new Uint8Array(32) } },
      'full',
    ],
    ['another log', { ...have(10), logIdentity: new Uint8Array(32) }, 'full'],
    ['the newest revision, but another set', have(10, digestAt(1)), 'full'],
  ])('with %s', (_, held, expected) => {
    const b = new Bench();
    const effects = b.frame(hello(held));
    expect(intent(effects)).toBe(expected);
    const transfers = effects.filter((effect) => effect.type === 'transfer');
    expect(transfers).toHaveLength(expected === 'none' ? 0 : 1);
    if (expected !== 'none')
      expect(transfers[0]).toMatchObject({ transferId: 10, kind: expected, to: at(10) });
  });

  it('of a client that is ahead, in revision or epoch', () => {
    expect(closeOf(new Bench().frame(hello(have(11))))).toBe('behind');
    expect(closeOf(new Bench().frame(hello({ ...have(3), position: at(3, 2) })))).toBe('behind');
  });

  it('of a version that is not spoken here, or with a filter', () => {
    expect(closeOf(new Bench().frame(hello(undefined, { protoMin: 2, protoMax: 9 })))).toBe(
      'unsupported-version',
    );
    expect(new Bench().frame(hello(undefined, { protoMin: 1, protoMax: 9 }))).toMatchObject([
      { type: 'welcome', welcome: { proto: 1 } },
      { type: 'transfer' },
    ]);
    expect(closeOf(new Bench().frame(hello(undefined, { filtered: true })))).toBe('protocol');
  });

  it('before there is a state', () => {
    const b = new Bench();
    b.env.revision = 0;
    expect(closeOf(b.frame(hello()))).toBe('not-ready');
  });

  it('comes in time, first and once', () => {
    expect(closeOf(new Bench().tick(SETTINGS.helloTimeoutMs))).toBe('hello-timeout');
    expect(closeOf(new Bench().ack(10))).toBe('protocol');
    expect(closeOf(live().frame(hello()))).toBe('protocol');
  });

  it('that gives no name is of a client that is known by its stream alone', () => {
    const b = new Bench();
    b.frame(hello(undefined, { instanceId: '' }));
    expect(b.session.peer?.instanceId).toBe(SETTINGS.sessionId);
  });

  it('settles heartbeat and frame size within what is allowed', () => {
    const b = new Bench();
    const effects = b.frame(hello(undefined, { heartbeatMs: 1, maxFrameBytes: 100_000 }));
    expect(effects[0]).toMatchObject({ welcome: { heartbeatMs: 1_000, maxFrameBytes: 100_000 } });
    expect(b.session.frameBytesMax).toBe(100_000);
    const tiny = new Bench();
    tiny.frame(hello(undefined, { maxFrameBytes: 1 }));
    expect(tiny.session.frameBytesMax).toBe(16_384);
  });
});

describe('a change', () => {
  it('is sent as a delta from what was acknowledged', () => {
    const b = live();
    expect(b.head()).toMatchObject([{ type: 'transfer', kind: 'delta', from: at(10), to: at(11) }]);
    expect(b.session.owes).toBe(true);
    expect(b.ack(11)).toEqual([{ type: 'confirmed', position: at(11) }]);
    expect(b.session.owes).toBe(false);
    expect(b.session.acked).toEqual(at(11));
  });

  it('waits while a transfer is open, then one delta covers them all', () => {
    const b = live();
    b.head();
    expect([b.head(), b.head()]).toEqual([[], []]);
    expect(b.ack(11)).toMatchObject([
      { type: 'confirmed' },
      { type: 'transfer', kind: 'delta', from: at(11), to: at(13) },
    ]);
  });

  it('elsewhere only moves the cursor', () => {
    const b = live();
    expect(b.head(false)).toEqual([]);
    expect(b.session.owes).toBe(false);
    expect(b.head()).toMatchObject([{ type: 'transfer', from: at(10), to: at(12) }]);
  });

  it('that nobody told the session about is found at its next ping', () => {
    const b = live();
    b.env.move();
    expect(b.tick(SETTINGS.heartbeatMs)).toMatchObject([
      { type: 'transfer', kind: 'delta', to: at(11) },
      { type: 'ping', head: at(10) },
    ]);
  });

  it('is a full transfer when the acknowledged revision left the window', () => {
    const b = live();
    b.env.floor = 11;
    expect(b.head()).toMatchObject([{ type: 'transfer', kind: 'full', from: undefined }]);
  });

  it('of the epoch is told even when nothing else changed', () => {
    const b = live();
    b.env.epoch = 2;
    expect(b.head(false)).toMatchObject([{ type: 'transfer', kind: 'delta', to: at(11, 2) }]);
  });
});

describe('an acknowledgement', () => {
  it('of another transfer, or with another revision, ends the stream', () => {
    expect(closeOf(live().ack(10))).toBe('protocol');
    const b = new Bench();
    b.frame(hello());
    expect(closeOf(b.frame({ type: 'ack', transferId: 10, have: have(9), applyUs: 0 }))).toBe('protocol');
  });

  it('that does not come ends the stream', () => {
    const b = new Bench();
    b.frame(hello(undefined, { heartbeatMs: 60_000 }));
    expect(closeOf(b.tick(SETTINGS.ackTimeoutMs - 1))).toBeUndefined();
    expect(closeOf(b.tick(1))).toBe('ack-timeout');
  });

  it('is waited for in silence while the connection takes the transfer, however short the heartbeat', () => {
    const b = new Bench();
    b.frame(hello(undefined, { heartbeatMs: SETTINGS.heartbeatMsMin }));
    for (let second = 1; second < 60; second++) {
      expect(closeOf(b.tick(1_000))).toBeUndefined();
      b.session.handle({ type: 'drained' }, b.nowMs);
    }
    expect(b.session.owes).toBe(true);
  });

  it('is due within its time from the moment that the connection took the last of the transfer', () => {
    const b = new Bench();
    b.frame(hello(undefined, { heartbeatMs: SETTINGS.heartbeatMsMax }));
    b.tick(20_000);
    b.session.handle({ type: 'drained' }, b.nowMs);
    expect(closeOf(b.tick(SETTINGS.ackTimeoutMs - 1))).toBeUndefined();
    expect(closeOf(b.tick(1))).toBe('ack-timeout');
  });

  it('is not waited for once nothing is taken any more: the connection is half open', () => {
    const b = new Bench();
    b.frame(hello(undefined, { heartbeatMs: SETTINGS.heartbeatMsMin }));
    b.tick(1_000);
    b.session.handle({ type: 'drained' }, b.nowMs);
    b.tick(1_000);
    expect(closeOf(b.tick(1_499))).toBeUndefined();
    expect(closeOf(b.tick(1))).toBe('silent');
  });
});

describe('pings', () => {
  it('come with each heartbeat, ask for the digest at every fifth and echo the client', () => {
    const b = live();
    b.pong(have(10));
    const pings = [1, 2, 3, 4, 5].flatMap(() => {
      const effects = b.tick(SETTINGS.heartbeatMs);
      b.pong(have(10));
      return effects;
    });
    expect(
      pings.map((ping) => ping.type === 'ping' && [ping.nonce, ping.wantDigest, ping.echoNonce]),
    ).toEqual([
      [1, false, 42],
      [2, false, 42],
      [3, false, 42],
      [4, false, 42],
      [5, true, 42],
    ]);
  });

  it('vouch for nothing that is not taken yet', () => {
    const b = new Bench();
    b.frame(hello());
    expect(b.tick(SETTINGS.heartbeatMs)).toMatchObject([{ type: 'ping', head: ORIGIN }]);
    const later = live();
    later.head();
    expect(later.tick(SETTINGS.heartbeatMs)).toMatchObject([{ type: 'ping', head: at(10) }]);
  });

  it('move the bookmark over what happened elsewhere; the pong confirms it', () => {
    const b = live();
    b.head(false);
    expect(b.tick(SETTINGS.heartbeatMs)).toMatchObject([{ type: 'ping', head: at(11) }]);
    expect(b.pong({ ...have(11), digest: digestAt(10) })).toEqual([{ type: 'confirmed', position: at(11) }]);
  });

  it('that stay unanswered end the stream', () => {
    const b = live();
    b.tick(SETTINGS.heartbeatMs);
    b.tick(SETTINGS.heartbeatMs);
    expect(closeOf(b.tick(SETTINGS.heartbeatMs / 2))).toBe('silent');
  });
});

describe('the end', () => {
  it('is of a client that says what it has in force by another stream: it owes that no more', () => {
    const b = live();
    b.head(true);
    expect(b.session.acked).toEqual(at(10));
    b.frame({ type: 'bye', reason: 'moved', have: { ...have(11), digest: digestAt(11) } });
    expect(b.session.acked).toEqual(at(11));
  });

  it('is final', () => {
    const b = live();
    expect(b.frame({ type: 'bye', reason: 'done', have: undefined })).toEqual([
      { type: 'close', reason: 'bye', detail: 'done' },
    ]);
    expect(b.session.closed).toBe(true);
    expect(b.session.deadlineMs).toBe(Number.POSITIVE_INFINITY);
    expect([b.head(), b.ack(10), b.tick(1e9)]).toEqual([[], [], []]);
  });

  it('comes for frames of another protocol, unless they may be ignored', () => {
    expect(live().frame({ type: 'unknown', ignorable: true })).toEqual([]);
    expect(closeOf(live().frame({ type: 'unknown', ignorable: false }))).toBe('protocol');
  });
});

describe('a full transfer', () => {
  it('waits for its turn, and leads to the head of that moment', () => {
    const b = new Bench();
    b.grantsTurns = false;
    expect(b.frame(hello())).toMatchObject([{ type: 'welcome' }, { type: 'ask-turn' }]);
    expect(b.head()).toEqual([]);
    expect(b.session.owes).toBe(true);
    expect(closeOf(b.tick(SETTINGS.heartbeatMs * 1.1))).toBeUndefined();
    expect(b.tell({ type: 'turn' })).toMatchObject([{ type: 'transfer', kind: 'full', to: at(11) }]);
    // Its time to acknowledge begins with the transfer.
    expect(b.session.deadlineMs).toBeGreaterThan(b.nowMs);
    expect(b.tell({ type: 'turn' })).toEqual([]);
    expect(b.ack(11)).toEqual([{ type: 'confirmed', position: at(11) }]);
  });

  it('is vouched for only once it was taken', () => {
    const b = new Bench();
    b.grantsTurns = false;
    b.frame(hello());
    expect(b.tick(SETTINGS.heartbeatMs * 1.1)).toMatchObject([{ type: 'ping', head: ORIGIN }]);
  });

  it('of a client that moved to another log while it waited is none', () => {
    const b = new Bench();
    b.grantsTurns = false;
    b.frame(hello());
    b.env.log = new Uint8Array(32).fill(2);
    expect(closeOf(b.tell({ type: 'turn' }))).toBe('not-ready');
  });

  it('that finds no room is refused', () => {
    const b = new Bench();
    b.grantsTurns = false;
    b.frame(hello());
    expect(closeOf(b.tell({ type: 'no-turn' }))).toBe('overloaded');
  });
});

describe('a client that is asked to move', () => {
  it('by the age of its stream is served until it has, or its time is over', () => {
    const b = live();
    const aged = agedBy(b, SETTINGS.sessionTtlMs);
    expect(aged).toMatchObject([{ type: 'drain', reason: 'rebalance', deadlineMs: SETTINGS.rebalanceMs }]);
    expect(b.head()).toMatchObject([{ type: 'transfer', to: at(11) }]);
    b.ack(11);
    expect(closeOf(agedBy(b, SETTINGS.rebalanceMs))).toBe('draining');
  });

  it('knows its window, and is told how far to spread by every welcome and ping', () => {
    const b = live();
    expect(b.tell({ type: 'stop', deadlineMs: 12_000, reconnectMaxMs: 10_000 })).toMatchObject([
      { type: 'drain', reason: 'shutdown', deadlineMs: 12_000, reconnectMinMs: 0, reconnectMaxMs: 10_000 },
    ]);
    expect(new Bench().frame(hello())[0]).toMatchObject({ welcome: { reconnectSpreadMs: 2_000 } });
    expect(b.tick(SETTINGS.heartbeatMs * 1.1)).toMatchObject([{ type: 'ping', reconnectSpreadMs: 2_000 }]);
  });

  it('is told by its welcome and each ping which report was the last that need not have counted it', () => {
    let newest = 3;
    const b = new Bench({ reportSequence: () => newest });
    expect(b.frame(hello(have(10)))[0]).toMatchObject({
      welcome: { place: { bootId: 'boot', sequence: 3 } },
    });
    expect(b.session.answered).toBe(false);
    expect(b.tick(SETTINGS.heartbeatMs * 1.1)).toMatchObject([{ type: 'ping', reportSequence: 3 }]);
    newest = 6;
    expect(b.tick(SETTINGS.heartbeatMs * 1.1)).toMatchObject([{ type: 'ping', reportSequence: 5 }]);
    b.frame({ type: 'pong', nonce: 2, have: have(10), clientNonce: 1 });
    expect(b.session.answered).toBe(true);
  });

  it('before its hello was heard is not let in', () => {
    expect(closeOf(new Bench().tell({ type: 'stop', deadlineMs: 1, reconnectMaxMs: 1 }))).toBe('draining');
  });
});

/** Lets so much time pass, each ping answered; what the last moment brought. */
function agedBy(b: Bench, ms: number): readonly SyncServerEffect[] {
  const untilMs = b.nowMs + ms;
  while (b.session.deadlineMs < untilMs) {
    const effects = b.tick(b.session.deadlineMs - b.nowMs);
    if (effects.some(({ type }) => type !== 'ping')) return effects;
    b.pong(have(b.env.revision));
  }
  return b.tick(untilMs - b.nowMs);
}
