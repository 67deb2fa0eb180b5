/** Whether an environment has changed since a revision, as far as a few of the newest say. */
import type { Place } from '@flagstream/runtime';

/** Records that are read for it: a node that is further behind has missed something, with few exceptions. */
const LOOKED_AT_MAX = 100;

export class RecentChanges {
  readonly #head: number;
  readonly #changedBy: (revision: number) => readonly Place[];
  /** The newest change of each, of those looked at. */
  readonly #newest = new Map<string, number>();
  /** This one and all before are not looked at yet. */
  #next: number;

  /** @param changedBy environments that a revision changed; none where there is no such revision */
  constructor(head: number, changedBy: (revision: number) => readonly Place[]) {
    this.#head = head;
    this.#next = head;
    this.#changedBy = changedBy;
  }

  /** True as well where that is too long ago to say. */
  since(revision: number, place: Place): boolean {
    while (this.#next > revision && this.#head - this.#next < LOOKED_AT_MAX) this.#look();
    return (this.#newest.get(keyOf(place)) ?? 0) > revision || this.#next > revision;
  }

  #look(): void {
    for (const place of this.#changedBy(this.#next))
      if (!this.#newest.has(keyOf(place))) this.#newest.set(keyOf(place), this.#next);
    this.#next -= 1;
  }
}

function keyOf({ project, environment }: Place): string {
  return `${project}/${environment}`;
}
