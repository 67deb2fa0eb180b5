import { describe, expect, it } from 'vitest';
import type { SourceStatus } from './seams.ts';
import {
  SOURCE_CHOICE_SETTINGS,
  SourceChoice,
  type SourceChoiceEffect,
  type SourceChoiceEvent,
  type SourceName,
} from './source-choice.ts';

const { unwellMs, settledMs } = SOURCE_CHOICE_SETTINGS;
const LIVE: SourceStatus = { kind: 'live' };
const DOWN: SourceStatus = { kind: 'down', detail: 'gone' };
const BEHIND: SourceStatus = { kind: 'behind', firstRevision: 9, detail: 'the window moved on' };

class Bench {
  nowMs = 0;
  readonly choice = new SourceChoice(SOURCE_CHOICE_SETTINGS, 0);

  handle(event: SourceChoiceEvent): readonly SourceChoiceEffect[] {
    return this.choice.handle(event, this.nowMs);
  }

  opened(revision: number): readonly SourceChoiceEffect[] {
    return this.handle({ type: 'opened', after: { epoch: 1, revision } });
  }

  status(source: SourceName, status: SourceStatus): readonly SourceChoiceEffect[] {
    return this.handle({ type: 'status', source, status });
  }

  head(source: SourceName, revision: number): readonly SourceChoiceEffect[] {
    return this.handle({ type: 'head', source, place: { epoch: 1, revision } });
  }

  delivered(source: SourceName, revision: number): readonly SourceChoiceEffect[] {
    return this.handle({ type: 'delivered', source, place: { epoch: 1, revision } });
  }

  after(ms: number): readonly SourceChoiceEffect[] {
    this.nowMs += ms;
    return this.handle({ type: 'tick' });
  }

  /** Heads of the primary each second for a while; what came of it. */
  beating(ms: number, revision: number): readonly SourceChoiceEffect[] {
    const effects: SourceChoiceEffect[] = [];
    for (let past = 0; past < ms; past += 1_000) {
      this.nowMs += 1_000;
      effects.push(...this.head('primary', revision));
    }
    return effects;
  }
}

/** The primary is live at revision 1 and speaks. */
function healthy(): Bench {
  const b = new Bench();
  b.opened(1);
  b.status('primary', LIVE);
  b.head('primary', 1);
  return b;
}

/** The primary went away, and the secondary took over at revision 1. */
function onSecondary(): Bench {
  const b = healthy();
  b.status('primary', DOWN);
  b.after(unwellMs);
  b.status('secondary', LIVE);
  return b;
}

describe('SourceChoice', () => {
  it('stands on the primary while it is well, and tells what it says', () => {
    const b = new Bench();
    expect(b.opened(0)).toEqual([]);
    expect(b.status('primary', LIVE)).toEqual([{ type: 'tell', status: LIVE }]);
    expect(b.delivered('primary', 1)).toEqual([]);
    expect(b.beating(60_000, 1)).toEqual([]);
    expect([b.choice.active, b.choice.open]).toEqual(['primary', false]);
  });

  it('opens the secondary when the primary was not live for long enough, and stands on it once that is live', () => {
    const b = healthy();
    expect(b.status('primary', DOWN)).toEqual([{ type: 'tell', status: DOWN }]);
    expect(b.after(unwellMs - 1)).toEqual([]);
    expect(b.after(1)).toEqual([{ type: 'open-secondary' }]);
    expect([b.choice.active, b.choice.open]).toEqual(['primary', true]);
    expect(b.status('secondary', DOWN)).toEqual([]);
    expect(b.status('secondary', LIVE)).toEqual([{ type: 'tell', status: LIVE }]);
    expect(b.choice.active).toBe('secondary');
    expect(b.status('secondary', BEHIND)).toEqual([{ type: 'tell', status: BEHIND }]);
    expect(b.status('primary', BEHIND)).not.toContainEqual(expect.objectContaining({ type: 'tell' }));
  });

  it('counts from the start for a primary that never was there', () => {
    const b = new Bench();
    b.opened(0);
    expect(b.after(unwellMs - 1)).toEqual([]);
    b.opened(0);
    expect(b.after(1)).toEqual([{ type: 'open-secondary' }]);
  });

  it('takes a primary for unwell that says nothing', () => {
    const b = healthy();
    expect(b.after(unwellMs - 1)).toEqual([]);
    expect(b.after(1)).toEqual([{ type: 'open-secondary' }]);
  });

  it('takes a primary for unwell that does not deliver what heads tell of', () => {
    const b = healthy();
    b.head('primary', 2);
    expect(b.beating(4_000, 2)).toEqual([]);
    expect(b.beating(1_000, 3)).toEqual([{ type: 'open-secondary' }]);
  });

  it('does not take it for unwell while it is catching up', () => {
    const b = healthy();
    for (let revision = 2; revision < 20; revision++) {
      expect(b.beating(4_000, 100)).toEqual([]);
      expect(b.delivered('primary', revision)).toEqual([]);
    }
    expect(b.beating(4_000, 100)).toEqual([]);
    b.delivered('primary', 1);
    expect(b.beating(1_000, 100)).toEqual([{ type: 'open-secondary' }]);
  });

  it('goes back when the primary was well for long enough, not sooner', () => {
    const b = onSecondary();
    b.delivered('secondary', 5);
    b.head('secondary', 5);
    b.status('primary', LIVE);
    expect(b.beating(3_000, 5)).toEqual([]);
    b.delivered('primary', 4);
    expect(b.beating(3_000, 5)).toEqual([]);
    expect(b.delivered('primary', 5)).toEqual([]);
    expect(b.after(settledMs - 1)).toEqual([]);
    b.head('primary', 5);
    expect(b.after(1)).toEqual([{ type: 'close-secondary' }, { type: 'tell', status: LIVE }]);
    expect([b.choice.active, b.choice.open]).toEqual(['primary', false]);
  });

  it('goes back while writes go on: each head comes a moment before its record', () => {
    const b = onSecondary();
    b.status('primary', LIVE);
    const effects: SourceChoiceEffect[] = [];
    for (let revision = 2; b.nowMs < 60_000 && effects.length === 0; revision++) {
      effects.push(...b.head('secondary', revision), ...b.head('primary', revision), ...b.after(20));
      effects.push(...b.delivered('primary', revision), ...b.after(80));
    }
    expect(effects).toEqual([{ type: 'close-secondary' }, { type: 'tell', status: LIVE }]);
  });

  it('does not go back to a primary that delivers and stays too far behind', () => {
    const b = onSecondary();
    b.status('primary', LIVE);
    const effects: SourceChoiceEffect[] = [];
    for (let revision = 2; revision < 300; revision++) {
      effects.push(...b.head('primary', revision + 20), ...b.delivered('primary', revision), ...b.after(100));
    }
    expect(effects).toEqual([]);
    expect(b.choice.active).toBe('secondary');
  });

  it('does not flap with a primary that comes and goes', () => {
    const b = onSecondary();
    for (let i = 0; i < 10; i++) {
      b.status('primary', LIVE);
      b.head('primary', 1);
      expect(b.after(settledMs - 1)).toEqual([]);
      expect(b.status('primary', DOWN)).toEqual([]);
    }
    expect(b.choice.active).toBe('secondary');
  });

  it('closes a secondary that never was live once the primary is well', () => {
    const b = healthy();
    b.status('primary', DOWN);
    b.after(unwellMs);
    b.status('primary', LIVE);
    expect(b.beating(1_000 + settledMs, 1)).toEqual([{ type: 'close-secondary' }]);
  });

  it('stands on the primary where the secondary is gone and it is live, be it behind', () => {
    const b = onSecondary();
    b.status('primary', LIVE);
    b.head('primary', 9);
    expect(b.status('secondary', DOWN)).toEqual([
      { type: 'tell', status: DOWN },
      { type: 'tell', status: LIVE },
    ]);
    expect([b.choice.active, b.choice.open]).toEqual(['primary', true]);
    expect(b.status('secondary', LIVE)).toEqual([{ type: 'tell', status: LIVE }]);
  });

  it('reads a primary again that is there and does not go on, now and then', () => {
    const b = onSecondary();
    expect(b.after(60_000)).toEqual([]);
    expect(b.status('primary', BEHIND)).toEqual([{ type: 'reopen-primary' }]);
    expect(b.after(unwellMs - 1)).toEqual([]);
    expect(b.after(1)).toEqual([{ type: 'reopen-primary' }]);
    b.status('primary', LIVE);
    b.head('primary', 9);
    expect(b.beating(4_000, 9)).toEqual([]);
    expect(b.beating(1_000, 9)).toEqual([{ type: 'reopen-primary' }]);
    // Opened after what the secondary has delivered, it has nothing more to deliver and is well.
    b.delivered('secondary', 9);
    expect(b.beating(4_000, 9)).toEqual([]);
    expect(b.beating(1_000, 9)).toEqual([{ type: 'reopen-primary' }]);
    expect(b.beating(3_000, 9)).toEqual([{ type: 'close-secondary' }, { type: 'tell', status: LIVE }]);
  });
});
