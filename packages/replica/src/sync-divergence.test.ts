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
