/**
 * What a stream of OFREP's events says: that flags are to be asked for again, each time that answers which its caller may
 * see can have changed.
 *
 * Holds true: who is told less often than answers change is told at the end.
 */
import type { LatestContent } from '../fanout/latest-stream.ts';
import { selectedView } from '../flagd/selected-view.ts';
import type { Selector } from '../flagd/selector.ts';
import type { ViewOf } from '../serve/answer-view.ts';
import type { Serving } from '../serve/serving.ts';
import type { EnvironmentReplica, EnvironmentState } from '../state/environment-replica.ts';
import { type EventPlace, eventId, eventTag, parseEventId } from './event-place.ts';

/** A browser comes back so soon after a stream has ended. */
const RETRY_MS = 1_000;
/**
 * While time alone changes answers, as a ramp does each second: all clients would ask for everything as often. What was
 * held back is told with the next event, or in place of a heartbeat.
 */
const TIMED_EVENT_MS = 10_000;

const HEARTBEAT: Buffer = Buffer.from(':\n\n');

export interface EventFramesOptions {
  readonly environment: EnvironmentReplica;
  readonly serving: Pick<Serving, 'now' | 'changedPlace'>;
  readonly viewOf: ViewOf;
  readonly selector: Selector;
  /** What it has heard last, by its own account. */
  readonly lastEventId: string | undefined;
  /** Whether who names nothing may have asked before the newest change. */
  readonly isJustChanged: boolean;
}

export class EventFrames implements LatestContent {
  readonly #options: EventFramesOptions;
  /** Of the newest flags that were told of. */
  #known: EnvironmentState;
  /** Wall ms of the newest event. */
  #toldMs = Number.NEGATIVE_INFINITY;
  #isHeldBack = false;

  constructor(options: EventFramesOptions) {
    this.#options = options;
    this.#known = options.environment.state;
  }

  /** An id without an event, so that who loses the stream before the first one can say where it was. */
  first(): readonly Buffer[] {
    const start = Buffer.from(`retry: ${RETRY_MS}\nid: ${eventId(this.#place())}\n\n`);
    return this.#hasMissed() ? [start, this.#refetch()] : [start];
  }

  since(generation: number, affected: ReadonlySet<string> | undefined): readonly Buffer[] {
    const { environment, serving } = this.#options;
    const { state } = environment;
    const before = this.#known;
    this.#known = state;
    if (affected === undefined && generation === state.generation) {
      const sinceToldMs = serving.now() - this.#toldMs;
      this.#isHeldBack = sinceToldMs >= 0 && sinceToldMs < TIMED_EVENT_MS;
      return this.#isHeldBack ? [] : [this.#refetch()];
    }
    return this.#isHeldBack || this.#concerns(before, state, affected) ? [this.#refetch()] : [];
  }

  get keepAlive(): Buffer {
    return this.#isHeldBack ? this.#refetch() : HEARTBEAT;
  }

  /** Whether some flag that the caller may see, or could before, is affected. */
  #concerns(
    before: EnvironmentState,
    now: EnvironmentState,
    affected: ReadonlySet<string> | undefined,
  ): boolean {
    if (affected === undefined) return true;
    const { viewOf, selector } = this.#options;
    const views = [before, now].map((state) => selectedView(viewOf(state), selector));
    for (const key of affected) if (views.some(({ set }) => set.has(key))) return true;
    return false;
  }

  /** Whether answers may have changed since its client heard of them. */
  #hasMissed(): boolean {
    const { lastEventId, isJustChanged, environment } = this.#options;
    if (lastEventId === undefined) return isJustChanged;
    const last = parseEventId(lastEventId);
    const now = this.#place();
    if (last === undefined || last.epoch !== now.epoch || last.revision !== now.revision) return true;
    // A clock that went back may have brought earlier answers into force.
    if (last.wallMs > now.wallMs) return true;
    const transitionMs = environment.state.set.nextTransition(last.wallMs);
    return transitionMs !== undefined && transitionMs <= now.wallMs;
  }

  #place(): EventPlace {
    const { environment, serving } = this.#options;
    return { ...serving.changedPlace(environment), wallMs: serving.now() };
  }

  #refetch(): Buffer {
    const place = this.#place();
    this.#toldMs = place.wallMs;
    this.#isHeldBack = false;
    const data = JSON.stringify({ type: 'refetchEvaluation', etag: eventTag(place) });
    return Buffer.from(`id: ${eventId(place)}\nevent: message\ndata: ${data}\n\n`);
  }
}
