/**
 * Confirmed: what the control plane says of a rollout is not too good. It is
 * never complete while a client that was there at the commit lacks it, but for
 * those that it counts as departed; it never counts more clients than have it;
 * and once all is well, everybody is counted and nobody is owed for.
 *
 * Counts are the control plane's view: it cannot know what no report has told
 * it. Judged are clients of which the newest report that it took could tell.
 */
import { isBefore, type Position } from '@flagstream/replica';
import { type Checker, Violation } from './checker.ts';
import type { Observation } from './observation.ts';
import type { Past } from './past.ts';

/** A client's stream at one life of an evaluator. */
interface Session {
  /** One life of a client. */
  readonly who: string;
  readonly joined: Position;
  readonly openedMs: number;
  ended: { readonly ms: number; readonly at: Position | undefined } | undefined;
  /** When its client found that it had ended, which its node may notice later, or never. */
  lostMs: number | undefined;
}

/** One life of an evaluator. */
interface Boot {
  /** By the stream. */
  readonly sessions: Map<number, Session>;
  readonly reportedMs: Map<bigint, number>;
  /** When the newest report was made that the control plane of now has taken. */
  takenMs: number | undefined;
}

export class Confirmed implements Checker {
  readonly promise = 'confirmed';
  readonly #boots = new Map<string, Boot>();
  /** By client: how often it began anew, and what this life of it has in force. */
  readonly #clients = new Map<string, { life: number; position: Position | undefined }>();

  observe(observation: Observation, past: Past): void {
    switch (observation.type) {
      case 'forgot':
        this.#clients.set(observation.who, {
          life: this.#client(observation.who).life + 1,
          position: undefined,
        });
        return;
      case 'taken':
      case 'bookmarked':
        this.#client(observation.client).position = observation.position;
        return;
      case 'session-opened': {
        const { boot, stream, client, joined, ms } = observation;
        const session = { who: this.#who(client), joined, openedMs: ms, ended: undefined, lostMs: undefined };
        this.#boot(boot).sessions.set(stream, session);
        return;
      }
      case 'session-ended': {
        const session = this.#boot(observation.boot).sessions.get(observation.stream);
        if (session !== undefined) session.ended ??= { ms: observation.ms, at: observation.at };
        return;
      }
      case 'session-lost': {
        const session = this.#boot(observation.boot).sessions.get(observation.stream);
        if (session !== undefined) session.lostMs ??= observation.ms;
        return;
      }
      case 'reported':
        this.#boot(observation.boot).reportedMs.set(observation.sequence, observation.ms);
        return;
      case 'report-taken': {
        const boot = this.#boot(observation.boot);
        const madeMs = boot.reportedMs.get(observation.sequence) ?? 0;
        boot.takenMs = Math.max(boot.takenMs ?? 0, madeMs);
        return;
      }
      case 'fleet-begun':
        for (const boot of this.#boots.values()) boot.takenMs = undefined;
        return;
      case 'rollout':
        this.#rollout(observation, past);
    }
  }

  #rollout({ target, told, quietClients }: Observation & { readonly type: 'rollout' }, past: Past): void {
    const lacks = (who: string): boolean => past.isBehind(this.#positionOf(who), target);
    const known = this.#known();
    const having = known.filter(({ who }) => !this.#lives(who) || !lacks(who)).length;
    const where = past.describe(target);
    if (told.applied > having)
      throw new Violation(
        this.promise,
        `${told.applied} are said to have ${where}, and ${having} can have it`,
      );
    const committedMs = past.state(target.hash)?.ms ?? Number.POSITIVE_INFINITY;
    const owing = new Set(
      known
        .filter(
          (session) => owes(session, target, committedMs) && this.#lives(session.who) && lacks(session.who),
        )
        .map(({ who }) => who),
    );
    if (told.complete && owing.size > told.departed)
      throw new Violation(
        this.promise,
        `${where} is said to be complete, ${told.departed} departed, and ${[...owing].join(', ')} lack it`,
      );
    if (quietClients === undefined) return;
    if (!told.complete || told.departed > 0 || told.applied !== quietClients)
      throw new Violation(this.promise, `all is well, and of ${where} is said ${JSON.stringify(told)}`);
  }

  /** Streams of which a report could tell that the control plane has taken. */
  #known(): readonly Session[] {
    return [...this.#boots.values()].flatMap(({ sessions, takenMs }) =>
      takenMs === undefined ? [] : [...sessions.values()].filter(({ openedMs }) => openedMs <= takenMs),
    );
  }

  #boot(id: string): Boot {
    let boot = this.#boots.get(id);
    if (boot === undefined) {
      boot = { sessions: new Map(), reportedMs: new Map(), takenMs: undefined };
      this.#boots.set(id, boot);
    }
    return boot;
  }

  #client(name: string): { life: number; position: Position | undefined } {
    let client = this.#clients.get(name);
    if (client === undefined) {
      client = { life: 0, position: undefined };
      this.#clients.set(name, client);
    }
    return client;
  }

  #who(name: string): string {
    return `${name}#${this.#client(name).life}`;
  }

  /** The same life still: what an earlier one held nobody can say any more. */
  #lives(who: string): boolean {
    return this.#who(nameOf(who)) === who;
  }

  #positionOf(who: string): Position | undefined {
    return this.#client(nameOf(who)).position;
  }
}

function nameOf(who: string): string {
  return who.slice(0, who.lastIndexOf('#'));
}

/** There at the commit, and when its node had it, or when that ended. */
function owes({ joined, openedMs, ended, lostMs }: Session, target: Position, committedMs: number): boolean {
  if (!isBefore(joined, target) || openedMs >= committedMs) return false;
  if (lostMs !== undefined && lostMs <= committedMs) return false;
  if (ended === undefined) return true;
  return ended.ms > committedMs && (ended.at === undefined || !isBefore(ended.at, target));
}
