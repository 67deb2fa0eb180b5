/**
 * The entities of one kind while a change is applied.
 *
 * Place on the path: inside the draft. What holds: an entity that refers to
 * nothing and compiled is live at once; any other one is live after its link
 * outcome was set.
 */
import type { OwnCompile } from '../compile/flag.ts';
import type { Reference } from '../compile/scope.ts';
import type { MapEdit } from '../persistent-map.ts';
import {
  type EntityTable,
  type LinkOutcome,
  type LinkRecord,
  type LinkTarget,
  linkTarget,
} from './set-state.ts';

const UNLINKED: LinkOutcome = { problems: [], depth: 0, steps: 0 };

/** What compiled flags and segments have in common. */
interface Linkable {
  readonly steps: number;
}

export class TableEdit<Compiled extends Linkable> {
  readonly #live: MapEdit<string, Compiled>;
  readonly #records: MapEdit<string, LinkRecord<Compiled>>;

  constructor(before: EntityTable<Compiled>) {
    this.#live = before.live.edit();
    this.#records = before.records.edit();
  }

  /** Undefined removes the entity. */
  put(key: string, own: OwnCompile<Compiled> | undefined): void {
    const alone = own?.references.length === 0 ? own.compiled : undefined;
    if (alone === undefined) this.#live.delete(key);
    else this.#live.set(key, alone);
    if (own === undefined || alone !== undefined) this.#records.delete(key);
    else this.#records.set(key, { own, link: UNLINKED });
  }

  references(key: string): readonly Reference[] {
    return this.#records.get(key)?.own.references ?? [];
  }

  /** Undefined: it is not there, or has nothing to link. */
  own(key: string): OwnCompile<Compiled> | undefined {
    return this.#records.get(key)?.own;
  }

  setLink(key: string, link: LinkOutcome): void {
    const record = this.#records.get(key);
    if (record === undefined) return;
    if (!isSame(record.link, link)) this.#records.set(key, { own: record.own, link });
    const live = link.problems.length === 0 ? record.own.compiled : undefined;
    if (live === this.#live.get(key)) return;
    if (live === undefined) this.#live.delete(key);
    else this.#live.set(key, live);
  }

  /** Undefined: there is no such entity. */
  target(key: string): LinkTarget<Compiled> | undefined {
    return linkTarget({ live: this.#live, records: this.#records }, key);
  }

  done(): EntityTable<Compiled> {
    return { live: this.#live.done(), records: this.#records.done() };
  }
}

function isSame(a: LinkOutcome, b: LinkOutcome): boolean {
  return (
    a !== UNLINKED &&
    a.depth === b.depth &&
    a.steps === b.steps &&
    a.problems.length === 0 &&
    b.problems.length === 0
  );
}
