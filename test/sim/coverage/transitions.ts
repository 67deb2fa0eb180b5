/**
 * Counts which event meets which phase of each reducer. The reducers know
 * nothing of it: their `handle` is wrapped from outside, and phases that they
 * do not tell are followed by their effects.
 */
import {
  type Follower,
  type ShipDecision,
  type SourceChoice,
  SyncClientSession,
  type SyncServerSession,
} from '@flagstream/replica';

interface Reducer<Event, Effects> {
  handle(event: Event, nowMs: number): Effects;
}

interface Named {
  readonly type: string;
}

export class Transitions {
  readonly #counts = new Map<string, Map<string, Map<string, number>>>();

  constructor() {
    counted = this;
  }

  count(reducer: string, phase: string, event: string): void {
    const events = within(within(this.#counts, reducer), phase);
    events.set(event, (events.get(event) ?? 0) + 1);
  }

  /** By "reducer phase event". */
  get counts(): ReadonlyMap<string, number> {
    const flat = new Map<string, number>();
    for (const [reducer, phases] of this.#counts)
      for (const [phase, events] of phases)
        for (const [event, times] of events) flat.set(`${reducer} ${phase} ${event}`, times);
    return flat;
  }

  follower(follower: Follower): Follower {
    const phase = (): string => follower.freshness(0).source;
    return this.#wrap('Follower', follower, phase, (event) =>
      event.type === 'status' ? event.status.kind : event.type,
    );
  }

  ship(decision: ShipDecision): ShipDecision {
    return this.#wrap('ShipDecision', decision, () => decision.phase);
  }

  choice(choice: SourceChoice): SourceChoice {
    const phase = (): string => {
      if (!choice.open) return 'primary';
      return choice.active === 'secondary' ? 'secondary' : 'trying';
    };
    return this.#wrap('SourceChoice', choice, phase, (event) => {
      if (event.type === 'status') return `${event.source}-${event.status.kind}`;
      return 'source' in event ? `${event.source}-${event.type}` : event.type;
    });
  }

  server(session: SyncServerSession): SyncServerSession {
    let phase = 'await-hello';
    const label = (event: Parameters<SyncServerSession['handle']>[0]): string =>
      event.type === 'frame' ? event.frame.type : event.type;
    const wrapped = this.#wrap('SyncServerSession', session, () => phase, label);
    const { handle } = wrapped;
    wrapped.handle = (event, nowMs) => {
      const effects = handle(event, nowMs);
      for (const effect of effects) phase = PHASE_AFTER[effect.type] ?? phase;
      return effects;
    };
    return wrapped;
  }

  #wrap<Event extends Named, Effects, T extends Reducer<Event, Effects>>(
    name: string,
    reducer: T & Reducer<Event, Effects>,
    phase: () => string,
    label: (event: Event) => string = ({ type }) => type,
  ): T {
    const handle = reducer.handle.bind(reducer);
    reducer.handle = (event: Event, nowMs: number) => {
      this.count(name, phase(), label(event));
      return handle(event, nowMs);
    };
    return reducer;
  }
}

function within<T>(map: Map<string, Map<string, T>>, key: string): Map<string, T> {
  let inner = map.get(key);
  if (inner === undefined) {
    inner = new Map();
    map.set(key, inner);
  }
  return inner;
}

const PHASE_AFTER: Readonly<Record<string, string>> = {
  welcome: 'live',
  confirmed: 'live',
  'ask-turn': 'waiting',
  transfer: 'in-flight',
  refused: 'stuck',
  close: 'closed',
};

/** The client's sessions are made inside production's links: they are counted for the world that runs. */
let counted: Transitions | undefined;
const clientPhases = new WeakMap<SyncClientSession, string>();
const handleOfClient = SyncClientSession.prototype.handle;
SyncClientSession.prototype.handle = function handle(this: SyncClientSession, event, nowMs) {
  const label = event.type === 'frame' ? event.frame.type : event.type;
  counted?.count('SyncClientSession', clientPhases.get(this) ?? 'idle', label);
  const effects = handleOfClient.call(this, event, nowMs);
  clientPhases.set(this, clientPhase(this, effects));
  return effects;
};

function clientPhase(session: SyncClientSession, effects: readonly Named[]): string {
  if (session.closed) return 'closed';
  if (session.live) return 'live';
  const before = clientPhases.get(session);
  if (before === undefined) return 'hello-sent';
  return effects.some(({ type }) => type === 'welcomed') ? 'syncing' : before;
}
