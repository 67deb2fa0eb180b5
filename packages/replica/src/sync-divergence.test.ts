import { describe, expect, it } from 'vitest';
import { at, Bench, closeOf, digestAt, have, hello, live } from './sync-server.fixture.ts';

describe('a client whose set is another one', () => {
  it('is found by its pong, and when it comes back', () => {
    expect(live().pong(have(10, digestAt(3)))).toMatchObject([
      { type: 'diverged', position: at(10) },
      { type: 'transfer', kind: 'full' },
    ]);
    const returning = new Bench().frame(hello(have(10, digestAt(3))));
    expect(returning).toMatchObject([
      { type: 'welcome' },
      { type: 'diverged', position: at(10) },
      { type: 'transfer', kind: 'full' },
    ]);
  });

  it('has not confirmed what it acknowledges', () => {
    const b = live();
    b.head();
    const lies = (): ReturnType<Bench['frame']> =>
      b.frame({ type: 'ack', transferId: 11, have: have(11, digestAt(3)), applyUs: 1 });
    expect(lies()).toMatchObject([
      { type: 'diverged', position: at(11) },
      { type: 'transfer', kind: 'full', to: at(11) },
    ]);
    expect(b.session.acked).toEqual(at(10));
    expect(closeOf(lies())).toBe('digest-mismatch');
    const mended = live();
    mended.head();
    mended.frame({ type: 'ack', transferId: 11, have: have(11, digestAt(3)), applyUs: 1 });
    expect(mended.ack(11)).toMatchObject([{ type: 'confirmed', position: at(11) }]);
  });

  it('has not confirmed what it acknowledges while changes go on: the set that it was sent is compared', () => {
    const b = live();
    b.head();
    b.head();
    const lies = b.frame({ type: 'ack', transferId: 11, have: have(11, digestAt(3)), applyUs: 1 });
    expect(lies).toMatchObject([
      { type: 'diverged', position: at(11) },
      { type: 'transfer', kind: 'full', to: at(12) },
    ]);
    expect(b.session.acked).toEqual(at(10));
  });

  it('is not seen in one that has what it was sent, while something has changed since, or the revision was withdrawn', () => {
    const late = live();
    late.head();
    late.head();
    expect(late.ack(11)).toMatchObject([
      { type: 'confirmed' },
      { type: 'transfer', kind: 'delta', to: at(12) },
    ]);
    const withdrawn = live();
    withdrawn.head();
    Object.assign(withdrawn.env, { branchedAt: 11, epoch: 2, changed: 9 });
    expect(withdrawn.ack(11, 1)).toMatchObject([
      { type: 'confirmed' },
      { type: 'transfer', kind: 'full', forked: true },
    ]);
  });

  it('is left where a full transfer does not mend it, in place of being sent it again and again', () => {
    const b = live();
    b.pong(have(10, digestAt(3)));
    b.ack(10);
    const again = b.pong(have(10, digestAt(3)));
    expect(again[0]).toMatchObject({ type: 'diverged' });
    expect(closeOf(again)).toBe('digest-mismatch');
    const mended = live();
    mended.pong(have(10, digestAt(3)));
    mended.ack(10);
    mended.pong(have(10));
    expect(mended.pong(have(10, digestAt(3)))).toMatchObject([{ type: 'diverged' }, { type: 'transfer' }]);
  });
});
