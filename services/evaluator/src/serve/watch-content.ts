/**
 * What one Watch stream is told: results for a context, or notices of flag keys. Each message says of which revision it
 * is, and how old that can be.
 */
import { WatchResponse } from '@flagstream/protocol/gen/flagstream/v1/evaluation';
import type { LatestContent } from '../fanout/latest-stream.ts';
import type { EnvironmentReplica } from '../state/environment-replica.ts';
import { type AnswerView, type ViewOf, wholeView } from './answer-view.ts';
import type { Serving } from './serving.ts';
import type { WatchedResults } from './watch-results.ts';

export interface WatchContentOptions {
  readonly environment: EnvironmentReplica;
  readonly serving: Serving;
  /** Undefined: all flags, also those that come later. */
  readonly keys: ReadonlySet<string> | undefined;
  /** Undefined: notices. */
  readonly results: WatchedResults | undefined;
  readonly viewOf: ViewOf;
  /** The stream begins with an older state than its caller asked for. */
  readonly belowMinRevision: boolean;
}

type WatchEvent = NonNullable<WatchResponse['event']>;

const HEARTBEAT: WatchEvent = { $case: 'heartbeat', value: {} };

export class WatchContent implements LatestContent {
  readonly #options: WatchContentOptions;
  /** Flags of the state that was last looked at, as far as this watcher may know of them. */
  #known: AnswerView['set'];

  constructor(options: WatchContentOptions) {
    this.#options = options;
    this.#known = options.viewOf(options.environment.state).set;
  }

  get keepAlive(): Buffer {
    return this.#frame(HEARTBEAT);
  }

  first(): readonly Buffer[] {
    const { results, environment, serving, belowMinRevision } = this.#options;
    if (results === undefined) return [this.#frame(HEARTBEAT, belowMinRevision)];
    const value = results.all(environment, serving.now());
    return [this.#frame({ $case: 'initial', value }, belowMinRevision)];
  }

  since(_generation: number, affected: ReadonlySet<string> | undefined): readonly Buffer[] {
    const { results, environment, serving } = this.#options;
    if (results === undefined) return this.#notice(affected);
    const value = results.changes(environment, affected, serving.now());
    return value === undefined ? [] : [this.#frame({ $case: 'changed', value })];
  }

  /** @param affected undefined: any flag */
  #notice(affected: ReadonlySet<string> | undefined): readonly Buffer[] {
    const { keys, environment, viewOf } = this.#options;
    const { set } = viewOf(environment.state);
    const before = this.#known;
    this.#known = set;
    const candidates = [...(affected ?? keys ?? set.flagKeys())];
    // A flag that is gone is told of too, where it was known before.
    const mayKnow = (key: string): boolean => viewOf === wholeView || set.has(key) || before.has(key);
    const flagKeys = candidates.filter((key) => (keys?.has(key) ?? true) && mayKnow(key)).sort();
    return flagKeys.length === 0 ? [] : [this.#frame({ $case: 'notice', value: { flagKeys } })];
  }

  #frame(event: WatchEvent, belowMinRevision = false): Buffer {
    const stamp = this.#options.serving.stamp();
    return Buffer.from(WatchResponse.encode({ event, ...stamp, belowMinRevision }).finish());
  }
}
