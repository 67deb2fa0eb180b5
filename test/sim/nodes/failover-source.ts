/**
 * Runs what production's SourceChoice decides over two simulated sources, as
 * the real driver does. It decides nothing itself.
 */
import {
  comparePositions,
  type LogListener,
  type LogSource,
  type LogSubscription,
  type Position,
  SOURCE_CHOICE_SETTINGS,
  SourceChoice,
  type SourceChoiceEffect,
  type SourceChoiceEvent,
  type SourceName,
} from '@flagstream/replica';
import { lastPosition } from '../../../services/evaluator/src/follow/last-position.ts';
import type { Transitions } from '../coverage/transitions.ts';
import type { Process } from '../world/process.ts';

const TICK_MS = 1_000;

export class FailoverSource implements LogSource {
  readonly process: Process;
  readonly sources: Readonly<Record<SourceName, LogSource>>;
  readonly choice: SourceChoice;

  constructor(process: Process, sources: Readonly<Record<SourceName, LogSource>>, transitions: Transitions) {
    this.process = process;
    this.sources = sources;
    this.choice = transitions.choice(new SourceChoice(SOURCE_CHOICE_SETTINGS, process.nowMs()));
  }

  open(after: Position, listener: LogListener): LogSubscription {
    return new FailoverSubscription(this, after, listener);
  }
}

class FailoverSubscription implements LogSubscription {
  readonly #source: FailoverSource;
  readonly #listener: LogListener;
  readonly #open: Record<SourceName, LogSubscription | undefined> = {
    primary: undefined,
    secondary: undefined,
  };
  /** Counts openings of each source: what an older one says is not heard. */
  readonly #lives: Record<SourceName, number> = { primary: 0, secondary: 0 };
  #after: Position;
  #closed = false;

  constructor(source: FailoverSource, after: Position, listener: LogListener) {
    this.#source = source;
    this.#listener = listener;
    this.#after = after;
    this.#tick();
    this.#handle({ type: 'opened', after });
    this.#start('primary');
    if (source.choice.open && this.#open.secondary === undefined) this.#start('secondary');
  }

  close(): Promise<void> {
    this.#closed = true;
    this.#stop('primary');
    this.#stop('secondary');
    return Promise.resolve();
  }

  #tick(): void {
    this.#source.process.after(TICK_MS, () => {
      if (this.#closed) return;
      this.#handle({ type: 'tick' });
      this.#tick();
    });
  }

  #start(name: SourceName): void {
    this.#stop(name);
    const life = this.#lives[name];
    const current = (): boolean => !this.#closed && this.#lives[name] === life;
    const subscription = this.#source.sources[name].open(this.#after, {
      records: (records) => {
        if (!current()) return;
        const last = lastPosition(records);
        if (last !== undefined) {
          if (comparePositions(last, this.#after) > 0) this.#after = last;
          this.#handle({ type: 'delivered', source: name, place: last });
        }
        this.#listener.records(records);
      },
      head: (beacon) => {
        if (!current()) return;
        this.#handle({
          type: 'head',
          source: name,
          place: { epoch: beacon.epoch, revision: beacon.headRevision },
        });
        this.#listener.head(beacon);
      },
      status: (status) => {
        if (current()) this.#handle({ type: 'status', source: name, status });
      },
    });
    if (current()) this.#open[name] = subscription;
    else void subscription.close();
  }

  #stop(name: SourceName): void {
    this.#lives[name] += 1;
    void this.#open[name]?.close();
    this.#open[name] = undefined;
  }

  #handle(event: SourceChoiceEvent): void {
    if (this.#closed) return;
    for (const effect of this.#source.choice.handle(event, this.#source.process.nowMs()))
      this.#perform(effect);
  }

  #perform(effect: SourceChoiceEffect): void {
    switch (effect.type) {
      case 'open-secondary':
        this.#start('secondary');
        return;
      case 'close-secondary':
        this.#stop('secondary');
        return;
      case 'reopen-primary':
        this.#start('primary');
        return;
      case 'tell':
        if (!this.#closed) this.#listener.status(effect.status);
    }
  }
}
