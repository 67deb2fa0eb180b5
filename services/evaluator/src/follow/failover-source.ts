/**
 * One log source out of two: NATS, and while that is unwell the control plane's
 * WatchLog. Drives replica's SourceChoice, which outlives subscriptions: a
 * follower that reads again does not make an unwell source well.
 */
import {
  comparePositions,
  type HeadBeacon,
  type LogListener,
  type LogSource,
  type LogSubscription,
  type Position,
  SOURCE_CHOICE_SETTINGS,
  SourceChoice,
  type SourceChoiceEffect,
  type SourceChoiceEvent,
  type SourceChoiceSettings,
  type SourceName,
} from '@flagstream/replica';
import type { Logger } from '@flagstream/runtime';
import { lastPosition } from './last-position.ts';

export interface FailoverOptions {
  readonly primary: LogSource;
  readonly secondary: LogSource;
  readonly monotonicMs: () => number;
  readonly logger: Logger;
  readonly settings?: SourceChoiceSettings;
}

const TICK_MS = 250;

export class FailoverSource implements LogSource {
  readonly #options: FailoverOptions;
  readonly #choice: SourceChoice;

  constructor(options: FailoverOptions) {
    this.#options = options;
    this.#choice = new SourceChoice(options.settings ?? SOURCE_CHOICE_SETTINGS, options.monotonicMs());
  }

  /** What answers stand on. */
  get active(): SourceName {
    return this.#choice.active;
  }

  open(after: Position, listener: LogListener): LogSubscription {
    return new FailoverSubscription(this.#options, this.#choice, after, listener);
  }
}

class FailoverSubscription implements LogSubscription {
  readonly #options: FailoverOptions;
  readonly #choice: SourceChoice;
  readonly #listener: LogListener;
  readonly #lines: Record<SourceName, Line | undefined> = { primary: undefined, secondary: undefined };
  readonly #timer: NodeJS.Timeout;
  /** Delivered last, by either source: where another one goes on. */
  #after: Position;
  #closed = false;

  constructor(options: FailoverOptions, choice: SourceChoice, after: Position, listener: LogListener) {
    this.#options = options;
    this.#choice = choice;
    this.#listener = listener;
    this.#after = after;
    this.#timer = setInterval(() => this.#handle({ type: 'tick' }), TICK_MS);
    this.#handle({ type: 'opened', after });
    this.#open('primary');
    if (choice.open && this.#lines.secondary === undefined) this.#open('secondary');
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    await Promise.all([this.#lines.primary?.close(), this.#lines.secondary?.close()]);
  }

  #open(name: SourceName): void {
    this.#release(name);
    const line = new Line();
    this.#lines[name] = line;
    line.hold(
      this.#options[name].open(this.#after, {
        records: (records) => {
          if (!line.closed) this.#records(name, records);
        },
        head: (beacon) => {
          if (!line.closed) this.#head(name, beacon);
        },
        status: (status) => {
          if (!line.closed) this.#handle({ type: 'status', source: name, status });
        },
      }),
    );
  }

  #release(name: SourceName): void {
    this.#lines[name]?.close().catch((err: unknown) => {
      this.#options.logger.warn({ err, source: name }, 'a log subscription did not close cleanly');
    });
    this.#lines[name] = undefined;
  }

  #records(source: SourceName, records: readonly Uint8Array[]): void {
    const last = lastPosition(records);
    if (last !== undefined) {
      if (comparePositions(last, this.#after) > 0) this.#after = last;
      this.#handle({ type: 'delivered', source, place: last });
    }
    this.#listener.records(records);
  }

  #head(source: SourceName, beacon: HeadBeacon): void {
    this.#handle({ type: 'head', source, place: { epoch: beacon.epoch, revision: beacon.headRevision } });
    this.#listener.head(beacon);
  }

  #handle(event: SourceChoiceEvent): void {
    if (this.#closed) return;
    for (const effect of this.#choice.handle(event, this.#options.monotonicMs())) this.#perform(effect);
  }

  #perform(effect: SourceChoiceEffect): void {
    switch (effect.type) {
      case 'open-secondary':
        this.#options.logger.warn('NATS is unwell: the log is read from the control plane as well');
        this.#open('secondary');
        break;
      case 'close-secondary':
        this.#options.logger.info('NATS is well again: the log is read from it alone');
        this.#release('secondary');
        break;
      case 'reopen-primary':
        this.#open('primary');
        break;
      case 'tell':
        if (!this.#closed) this.#listener.status(effect.status);
        break;
    }
  }
}

/** One open source. It may be closed before it has been opened: sources call back while they open. */
class Line {
  #subscription: LogSubscription | undefined;
  #closing: Promise<void> | undefined;
  closed = false;

  hold(subscription: LogSubscription): void {
    this.#subscription = subscription;
    if (this.closed) void this.close();
  }

  async close(): Promise<void> {
    this.closed = true;
    this.#closing ??= this.#subscription?.close();
    await this.#closing;
  }
}
