import { describe, expect, it } from 'vitest';
import { Pace } from './pace.ts';

describe('Pace', () => {
  it('lets others run once a slice is over, and not before', async () => {
    let nowMs = 0;
    const pace = new Pace(new AbortController().signal, () => nowMs);
    let others = 0;
    setImmediate(() => others++);
    nowMs += 3;
    await pace.step();
    expect(others).toBe(0);
    nowMs += 1;
    await pace.step();
    expect(others).toBe(1);
  });

  it('ends the work of a caller who is gone', async () => {
    let nowMs = 0;
    const caller = new AbortController();
    const pace = new Pace(caller.signal, () => nowMs);
    caller.abort();
    nowMs += 5;
    await expect(pace.step()).rejects.toMatchObject({ reason: 'CANCELLED' });
  });
});
