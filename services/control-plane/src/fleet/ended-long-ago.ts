/**
 * Processes that ended before those that are remembered: how many of their
 * clients nobody has seen since, by environment. Which of them owed what is
 * forgotten, so each counts for all that was committed before its process
 * ended, and for as long as this process runs. Pure.
 */
import type { EnvironmentReport, NodeReport } from '@flagstream/protocol/gen/flagstream/v1/fleet';
import { isBefore, type Place as Position } from '@flagstream/replica';
import type { Place } from '@flagstream/runtime';
import { type Delivered, nobodyBut } from './delivered.ts';

interface Left {
  readonly nodeId: string;
  readonly place: Place;
  readonly clients: number;
  /** The head when the last of the processes ended. */
  readonly until: Position;
}

export class EndedLongAgo {
  /** By environment; nodeId is that of the last process. */
  readonly #left = new Map<string, Left>();

  /** @param away clients that are at other nodes by now */
  add({ nodeId, leaving }: NodeReport, environment: EnvironmentReport, away: number, until: Position): void {
    const clients = (leaving ? 0 : environment.clients - away) + environment.departedClients;
    if (clients === 0) return;
    const place = { project: environment.project, environment: environment.environment };
    const key = `${place.project}/${place.environment}`;
    const before = this.#left.get(key);
    this.#left.set(key, { nodeId, place, clients: clients + (before?.clients ?? 0), until });
  }

  /** Those that left owing the revision, by place. */
  delivered(places: readonly Place[], target: Position): Delivered[] {
    return places.flatMap(({ project, environment }) => {
      const left = this.#left.get(`${project}/${environment}`);
      if (left === undefined || isBefore(left.until, target)) return [];
      return [nobodyBut(left.nodeId, left.place, { departed: left.clients })];
    });
  }
}
