/**
 * What EventStream tells: which flags were written, updated or deleted. Each notice is encoded once, whatever the number
 * of streams that it goes to.
 */
import { EventStreamResponse } from '@flagstream/protocol/gen/flagd/evaluation/v1/evaluation';
import { ENTITY_KIND } from '@flagstream/replica';
import { type AnswerView, type ViewOf, wholeView } from '../serve/answer-view.ts';
import type { EnvironmentReplica, EnvironmentState } from '../state/environment-replica.ts';
import { selectedView } from './selected-view.ts';
import { type Selector, selectorWord } from './selector.ts';

export const PROVIDER_READY: Buffer = event('provider_ready', {});
export const KEEP_ALIVE: Buffer = event('keep_alive', undefined);
export const PROVIDER_SHUTDOWN: Buffer = event('provider_shutdown', {});

/** Keys of one message: below a megabyte of the four that clients take. */
const KEYS_PER_MESSAGE = 4_000;
/** Notices of one environment that are kept for other streams: those that wait stand at few generations. */
const KEPT_NOTICES = 16;

/** What became of a flag. */
type Change = 'write' | 'update' | 'delete';

export class EventNotices {
  /** Of the newest state of each environment. */
  readonly #kept = new WeakMap<EnvironmentState, Map<string, readonly Buffer[]>>();
  /** Thousands of streams ask the same, one after the other. */
  #asked: Asked | undefined;

  /**
   * What leads from an older state to the newest one.
   * @param known flags at the older state
   * @param affected flags whose answers may differ; undefined: any
   */
  since(environment: EnvironmentReplica, from: NoticeFrom): readonly Buffer[] {
    const { state } = environment;
    const { viewOf, selector, generation, affected } = from;
    const asked = this.#asked;
    if (
      asked?.state === state &&
      asked.viewOf === viewOf &&
      asked.selector === selector &&
      asked.generation === generation &&
      asked.affected === affected
    )
      return asked.notices;
    const notices = this.#since(state, from);
    this.#asked = { state, viewOf, selector, generation, affected, notices };
    return notices;
  }

  #since(
    state: EnvironmentState,
    { viewOf, selector, generation, known, affected }: NoticeFrom,
  ): readonly Buffer[] {
    const key = `${viewOf === wholeView}/${selectorWord(selector)}/${generation}/${affected === undefined}`;
    return this.#once(state, key, () => {
      const [before, now] = [known, viewOf(state)].map((view) => selectedView(view, selector));
      const candidates = affected ?? new Set([...before!.set.flagKeys(), ...now!.set.flagKeys()]);
      return messages(changes(candidates, before!, now!));
    });
  }

  /** Every flag that a client may have heard of: for one of which nobody knows what it holds. */
  everything(environment: EnvironmentReplica, viewOf: ViewOf, selector: Selector): readonly Buffer[] {
    const { state, view } = environment;
    return this.#once(state, `${viewOf === wholeView}/${selectorWord(selector)}/all`, () => {
      const { set } = selectedView(viewOf(state), selector);
      const told = new Map<string, Change>();
      // Whether one that is gone was selected is known no more.
      for (const { key, clientVisible } of view.gone(ENTITY_KIND.flag))
        if (viewOf === wholeView || clientVisible) told.set(key, 'delete');
      for (const key of set.flagKeys()) told.set(key, 'update');
      return messages(told);
    });
  }

  #once(state: EnvironmentState, key: string, make: () => readonly Buffer[]): readonly Buffer[] {
    let kept = this.#kept.get(state);
    if (kept === undefined) {
      kept = new Map();
      this.#kept.set(state, kept);
    }
    const known = kept.get(key);
    if (known !== undefined) return known;
    const made = make();
    if (kept.size < KEPT_NOTICES) kept.set(key, made);
    return made;
  }
}

interface Asked extends Omit<NoticeFrom, 'known'> {
  readonly state: EnvironmentState;
  readonly notices: readonly Buffer[];
}

export interface NoticeFrom {
  readonly viewOf: ViewOf;
  readonly selector: Selector;
  readonly generation: number;
  readonly known: AnswerView;
  readonly affected: ReadonlySet<string> | undefined;
}

function changes(
  candidates: ReadonlySet<string>,
  before: AnswerView,
  now: AnswerView,
): ReadonlyMap<string, Change> {
  const told = new Map<string, Change>();
  for (const key of candidates) {
    const was = before.set.has(key);
    const is = now.set.has(key);
    if (is) told.set(key, was ? 'update' : 'write');
    else if (was) told.set(key, 'delete');
  }
  return told;
}

/** None for none: clients take an event without flags for one that names all. */
function messages(told: ReadonlyMap<string, Change>): readonly Buffer[] {
  const entries = [...told].sort(([a], [b]) => (a < b ? -1 : 1));
  const frames: Buffer[] = [];
  for (let at = 0; at < entries.length; at += KEYS_PER_MESSAGE) {
    const flags = Object.fromEntries(
      entries.slice(at, at + KEYS_PER_MESSAGE).map(([key, type]) => [key, { type }]),
    );
    frames.push(event('configuration_change', { flags }));
  }
  return frames;
}

function event(type: string, data: Record<string, unknown> | undefined): Buffer {
  return Buffer.from(EventStreamResponse.encode({ type, data }).finish());
}
