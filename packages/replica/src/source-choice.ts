/**
 * Which of two log sources a follower stands on, as a reducer: the primary, and
 * while it is unwell the secondary. Its clock is monotonic.
 *
 *   primary --unwell for unwellMs--> trying --the secondary is live--> secondary
 *      ^                               |                                  |
 *      +---- well for settledMs -------+----------------------------------+
 *
 * Holds true: the primary stays open all the time, so it can show that it is
 * well again, and records of both are passed on (the fold knows duplicates), so
 * that a change of source loses nothing. The secondary is open only when needed.
 */
import { comparePositions, ORIGIN, type Place } from './position.ts';
import type { SourceStatus } from './seams.ts';

export type SourceName = 'primary' | 'secondary';

export type SourceChoiceEvent =
  /** The follower wants to be read to from here: what is open is opened anew. */
  | { readonly type: 'opened'; readonly after: Place }
  | { readonly type: 'status'; readonly source: SourceName; readonly status: SourceStatus }
  /** The newest record that a source delivered. */
  | { readonly type: 'delivered'; readonly source: SourceName; readonly place: Place }
  | { readonly type: 'head'; readonly source: SourceName; readonly place: Place }
  | { readonly type: 'tick' };

export type SourceChoiceEffect =
  | { readonly type: 'open-secondary' }
  | { readonly type: 'close-secondary' }
  /** It is open and does not go on: read it again from what was delivered last. */
  | { readonly type: 'reopen-primary' }
  /** What the follower hears of its source. */
  | { readonly type: 'tell'; readonly status: SourceStatus };

export interface SourceChoiceSettings {
  /** How long the primary may be unwell before the secondary is opened. */
  readonly unwellMs: number;
  /** How long the primary must have been well before it is stood on again. */
  readonly settledMs: number;
}

export const SOURCE_CHOICE_SETTINGS: SourceChoiceSettings = Object.freeze({
  unwellMs: 5_000,
  settledMs: 2_000,
});

type Phase = 'primary' | 'trying' | 'secondary';

const DOWN: SourceStatus = { kind: 'down', detail: 'not open' };

export class SourceChoice {
  readonly #settings: SourceChoiceSettings;
  #phase: Phase = 'primary';
  readonly #status: Record<SourceName, SourceStatus> = { primary: DOWN, secondary: DOWN };
  /** Newest head that either source told. */
  #head: Place = ORIGIN;
  /** Newest record of either source: where one that is opened goes on. */
  #newest: Place = ORIGIN;
  /** Newest record of the primary, or where it was opened. */
  #delivered: Place = ORIGIN;
  #liveSinceMs: number | undefined;
  #notLiveSinceMs: number | undefined;
  /** Since when a head is ahead of the primary without a record coming from it. */
  #laggingSinceMs: number | undefined;
  /** The oldest head that the primary has not delivered up to, and since when it is known. */
  #owed: { readonly place: Place; readonly sinceMs: number } | undefined;
  /** Anything from the primary: a head, a record. */
  #heardMs: number;
  #wellSinceMs: number | undefined;
  #reopenedMs = Number.NEGATIVE_INFINITY;

  constructor(settings: SourceChoiceSettings, nowMs: number) {
    this.#settings = settings;
    this.#notLiveSinceMs = nowMs;
    this.#heardMs = nowMs;
  }

  /** What answers stand on. */
  get active(): SourceName {
    return this.#phase === 'secondary' ? 'secondary' : 'primary';
  }

  /** The secondary is to be open. */
  get open(): boolean {
    return this.#phase !== 'primary';
  }

  handle(event: SourceChoiceEvent, nowMs: number): readonly SourceChoiceEffect[] {
    const told = this.#take(event, nowMs);
    return [...told, ...this.#decide(nowMs)];
  }

  #take(event: SourceChoiceEvent, nowMs: number): readonly SourceChoiceEffect[] {
    switch (event.type) {
      case 'opened':
        this.#newest = event.after;
        this.#delivered = event.after;
        this.#lag(nowMs);
        return [];
      case 'status':
        return this.#changed(event.source, event.status, nowMs);
      case 'delivered':
        if (comparePositions(event.place, this.#newest) > 0) this.#newest = event.place;
        if (event.source !== 'primary') return [];
        this.#heardMs = nowMs;
        if (comparePositions(event.place, this.#delivered) <= 0) return [];
        this.#delivered = event.place;
        this.#laggingSinceMs = undefined;
        this.#lag(nowMs);
        return [];
      case 'head':
        if (event.source === 'primary') this.#heardMs = nowMs;
        this.#head = event.place;
        this.#lag(nowMs);
        return [];
      case 'tick':
        return [];
    }
  }

  #changed(source: SourceName, status: SourceStatus, nowMs: number): readonly SourceChoiceEffect[] {
    this.#status[source] = status;
    if (source === 'primary') {
      const isLive = status.kind === 'live';
      this.#liveSinceMs = isLive ? (this.#liveSinceMs ?? nowMs) : undefined;
      this.#notLiveSinceMs = isLive ? undefined : (this.#notLiveSinceMs ?? nowMs);
    }
    return source === this.active ? [{ type: 'tell', status }] : [];
  }

  #lag(nowMs: number): void {
    const isAhead = comparePositions(this.#head, this.#delivered) > 0;
    this.#laggingSinceMs = isAhead ? (this.#laggingSinceMs ?? nowMs) : undefined;
    if (!isAhead) this.#owed = undefined;
    else if (this.#owed === undefined || comparePositions(this.#delivered, this.#owed.place) >= 0)
      this.#owed = { place: this.#head, sinceMs: nowMs };
  }

  #decide(nowMs: number): readonly SourceChoiceEffect[] {
    const isWell = this.#isWell(nowMs);
    this.#wellSinceMs = isWell ? (this.#wellSinceMs ?? nowMs) : undefined;
    if (this.#phase === 'primary') {
      if (this.#unwellMs(nowMs) < this.#settings.unwellMs) return [];
      this.#phase = 'trying';
      return [{ type: 'open-secondary' }];
    }
    if (this.#wellSinceMs !== undefined && nowMs - this.#wellSinceMs >= this.#settings.settledMs)
      return this.#back();
    if (this.#phase === 'trying') return this.#isLive('secondary') ? this.#standOn('secondary') : [];
    if (!this.#isLive('secondary') && this.#isLive('primary')) return this.#standOn('trying');
    return this.#reopenPrimary(nowMs);
  }

  #isLive(source: SourceName): boolean {
    return this.#status[source].kind === 'live';
  }

  /**
   * Live, keeps up, and speaks. Heads are told before their records arrive: while writes go on there is always one
   * that is not delivered yet, so that what counts is how long it takes.
   */
  #isWell(nowMs: number): boolean {
    return (
      this.#isLive('primary') &&
      (this.#owed === undefined || nowMs - this.#owed.sinceMs < this.#settings.settledMs / 2) &&
      nowMs - this.#heardMs < this.#settings.unwellMs
    );
  }

  /** How long the primary has been unwell in the worst respect. */
  #unwellMs(nowMs: number): number {
    return nowMs - Math.min(this.#notLiveSinceMs ?? nowMs, this.#laggingSinceMs ?? nowMs, this.#heardMs);
  }

  #back(): readonly SourceChoiceEffect[] {
    const told = this.#standOn('primary');
    this.#status.secondary = DOWN;
    return [{ type: 'close-secondary' }, ...told];
  }

  #standOn(phase: Phase): readonly SourceChoiceEffect[] {
    const before = this.active;
    this.#phase = phase;
    return this.active === before ? [] : [{ type: 'tell', status: this.#status[this.active] }];
  }

  /** A primary that is there, had its time, and does not go on by itself would never be well again. */
  #reopenPrimary(nowMs: number): readonly SourceChoiceEffect[] {
    const { unwellMs } = this.#settings;
    const liveMs = this.#liveSinceMs === undefined ? 0 : nowMs - this.#liveSinceMs;
    const isStuck =
      this.#status.primary.kind === 'behind' || (liveMs >= unwellMs && this.#unwellMs(nowMs) >= unwellMs);
    if (!isStuck || nowMs - this.#reopenedMs < unwellMs) return [];
    this.#reopenedMs = nowMs;
    this.#delivered = this.#newest;
    this.#lag(nowMs);
    return [{ type: 'reopen-primary' }];
  }
}
