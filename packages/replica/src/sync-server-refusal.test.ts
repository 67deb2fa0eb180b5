// What a client did not take, or took and holds otherwise: what is sent then, and what is not.

import { describe, expect, it } from 'vitest';
import { ORIGIN } from './position.ts';
import type { NackCode } from './sync-frames.ts';
import { at, Bench, closeOf, have, hello, live, SETTINGS } from './sync-server.fixture.ts';

describe('a refusal', () => {
  it('silences the stream until something changes', () => {
    const b = live();
    b.head();
    expect(b.nack(11, 'apply')).toEqual([{ type: 'refused', code: 'apply', detail: 'd' }]);
    expect(b.head(false)).toEqual([]);
    // The node's freshness says nothing of what the client holds.
    expect(b.tick(SETTINGS.heartbeatMs)).toMatchObject([{ type: 'ping', head: ORIGIN }]);
    expect(b.pong(have(10))).toEqual([]);
    expect(b.head()).toMatchObject([{ type: 'transfer', kind: 'delta', from: at(10), to: at(13) }]);
  });

  it('is tried again after nackRetryMs, as often as it is repeated', () => {
    const b = live();
    b.head();
    const pings = (ms: number): readonly unknown[] => {
      const sent: unknown[] = [];
      for (let passedMs = 0; passedMs < ms; passedMs += SETTINGS.heartbeatMs) {
        sent.push(...b.tick(SETTINGS.heartbeatMs).filter(({ type }) => type === 'transfer'));
        b.pong(have(10));
      }
      return sent;
    };
    for (let turn = 0; turn < 2; turn++) {
      expect(b.nack(11, 'apply')).toMatchObject([{ type: 'refused' }]);
      expect(pings(SETTINGS.nackRetryMs - 2 * SETTINGS.heartbeatMs)).toEqual([]);
      expect(pings(3 * SETTINGS.heartbeatMs)).toMatchObject([{ kind: 'delta', from: at(10), to: at(11) }]);
    }
    expect(b.ack(11)).toMatchObject([{ type: 'confirmed' }]);
  });

  it('because the client holds a later revision sends it to another node', () => {
    const b = live();
    b.head();
    expect(closeOf(b.nack(11, 'epoch-regression'))).toBe('behind');
  });

  it('does not hold back what changed after the refused transfer', () => {
    const b = live();
    b.head();
    b.head();
    expect(b.nack(11, 'apply')).toMatchObject([
      { type: 'refused' },
      { type: 'transfer', from: at(10), to: at(12) },
    ]);
  });

  it('does not hold back an epoch that goes on below the refused revision', () => {
    const b = live();
    b.head();
    b.nack(11, 'apply');
    // What was refused is withdrawn, and the head's epoch has fewer revisions.
    b.env.epoch = 2;
    b.env.revision = 9;
    b.env.changed = 9;
    b.env.branchedAt = 9;
    expect(b.head()).toMatchObject([{ type: 'transfer', kind: 'full', to: at(10, 2), forked: true }]);
  });

  it.each<NackCode>(['digest-mismatch', 'apply'])(
    '(%s) of what came for a withdrawn set: the next one says so as well',
    (code) => {
      const b = new Bench();
      b.env.branchedAt = 7;
      b.env.epoch = 2;
      b.frame(hello(have(7)));
      const [transfer] = [...b.nack(10, code), ...b.head()].filter(({ type }) => type === 'transfer');
      expect(transfer).toMatchObject({ kind: 'full', forked: true });
      // What it takes is on the lineage: that it lies before the window later is no fork.
      b.env.branchedAt = Number.POSITIVE_INFINITY;
      b.env.floor = 100;
      const { revision } = b.env;
      expect(b.ack(code === 'apply' ? revision : 10).concat(b.head())).toContainEqual(
        expect.objectContaining({ type: 'transfer', kind: 'full', forked: false }),
      );
    },
  );

  it('of a resumed client keeps what it has', () => {
    const b = new Bench();
    b.frame(hello(have(7)));
    b.nack(10, 'apply');
    expect(b.head()).toMatchObject([{ type: 'transfer', kind: 'delta', from: at(7) }]);
  });

  it('for its digest is answered by one full transfer, then the stream ends', () => {
    const b = live();
    b.head();
    expect(b.nack(11, 'digest-mismatch')).toMatchObject([
      { type: 'refused' },
      { type: 'transfer', kind: 'full' },
    ]);
    expect(closeOf(b.nack(11, 'digest-mismatch'))).toBe('digest-mismatch');
    const mended = live();
    mended.head();
    mended.nack(11, 'digest-mismatch');
    mended.ack(11);
    mended.head();
    expect(closeOf(mended.nack(12, 'digest-mismatch'))).toBeUndefined();
  });

  it('of nothing ends the stream', () => {
    expect(closeOf(live().nack(10, 'apply'))).toBe('protocol');
  });
});
