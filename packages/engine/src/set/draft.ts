/**
 * The next state of a set while a change is applied: maps are copied when
 * first written, so a change that leaves one alone shares it.
 *
 * Place on the path: between the previous set and the next.
 */
import { AttributePool } from '../compile/attribute-pool.ts';
import type { OwnCompile } from '../compile/flag.ts';
import type { Reference } from '../compile/scope.ts';
import { compareProblems, type Problem } from '../problem.ts';
import type { CompiledFlag, CompiledSegment } from '../walk.ts';
import { type LinkSubject, linkOutcome } from './link.ts';
import {
  type Entry,
  type LinkOutcome,
  type NodeKind,
  nodeId,
  nodeOf,
  reachableDependents,
  type SetState,
} from './set-state.ts';
import { strongComponents } from './strong-components.ts';

const UNLINKED: LinkOutcome = { problems: [], depth: 0, steps: 0 };

/** A map that copies itself before the first write. */
class CopyOnWrite<Key, Value> {
  #map: ReadonlyMap<Key, Value>;
  #copy: Map<Key, Value> | undefined;

  constructor(map: ReadonlyMap<Key, Value>) {
    this.#map = map;
  }

  get view(): ReadonlyMap<Key, Value> {
    return this.#map;
  }

  writable(): Map<Key, Value> {
    if (this.#copy === undefined) {
      this.#copy = new Map(this.#map);
      this.#map = this.#copy;
    }
    return this.#copy;
  }
}

export class Draft {
  /** Shared by what this draft compiles. */
  readonly attributes: AttributePool = new AttributePool();
  readonly #flags: CopyOnWrite<string, Entry<CompiledFlag>>;
  readonly #segments: CopyOnWrite<string, Entry<CompiledSegment>>;
  readonly #dependents: CopyOnWrite<string, ReadonlySet<string>>;
  /** Sets of dependents that this draft made and may write. */
  readonly #ownSets = new Set<ReadonlySet<string>>();
  readonly #changed = new Set<string>();
  #size: number;

  constructor(previous: SetState) {
    this.#flags = new CopyOnWrite(previous.flags);
    this.#segments = new CopyOnWrite(previous.segments);
    this.#dependents = new CopyOnWrite(previous.dependents);
    this.#size = previous.size;
  }

  /** Puts an entity's own compile in place; undefined removes it. */
  put<Kind extends NodeKind>(
    kind: Kind,
    key: string,
    own: OwnCompile<Kind extends 'flag' ? CompiledFlag : CompiledSegment> | undefined,
  ): void {
    const table = (kind === 'flag' ? this.#flags : this.#segments) as CopyOnWrite<
      string,
      Entry<Kind extends 'flag' ? CompiledFlag : CompiledSegment>
    >;
    const old = table.view.get(key);
    const id = nodeId(kind, key);
    this.#changed.add(id);
    this.#moveReferences(id, old?.own.references ?? [], own?.references ?? []);
    if (kind === 'flag' && old?.live !== undefined) this.#size -= 1;
    if (own !== undefined) table.writable().set(key, { own, link: UNLINKED, live: undefined });
    else if (old !== undefined) table.writable().delete(key);
  }

  #moveReferences(id: string, old: readonly Reference[], fresh: readonly Reference[]): void {
    if (old.length === 0 && fresh.length === 0) return;
    const before = new Set(old.map((reference) => nodeId(reference.kind, reference.key)));
    const after = new Set(fresh.map((reference) => nodeId(reference.kind, reference.key)));
    for (const target of before) if (!after.has(target)) this.#dependentsOf(target).delete(id);
    for (const target of after) if (!before.has(target)) this.#dependentsOf(target).add(id);
  }

  #dependentsOf(target: string): Set<string> {
    const current = this.#dependents.view.get(target);
    if (current !== undefined && this.#ownSets.has(current)) return current as Set<string>;
    const copy = new Set(current);
    this.#ownSets.add(copy);
    this.#dependents.writable().set(target, copy);
    return copy;
  }

  /** Links what changed and what refers to it; answers the problems of exactly those. */
  link(): readonly Problem[] {
    const dirty = reachableDependents(this.#changed, this.#dependents.view);
    const targetsInside = (id: string): string[] =>
      this.#references(id)
        .map((reference) => nodeId(reference.kind, reference.key))
        .filter((target) => dirty.has(target));
    const problems: Problem[] = [];
    for (const component of strongComponents(dirty, targetsInside)) {
      const members = new Set(component);
      for (const id of component) {
        const { kind, key } = nodeOf(id);
        if (kind === 'flag') this.#relink(this.#flags, id, key, members, problems);
        else this.#relink(this.#segments, id, key, members, problems);
      }
    }
    return problems.sort(compareProblems);
  }

  #references(id: string): readonly Reference[] {
    const { kind, key } = nodeOf(id);
    return (kind === 'flag' ? this.#flags : this.#segments).view.get(key)?.own.references ?? [];
  }

  #relink<Compiled extends CompiledFlag | CompiledSegment>(
    table: CopyOnWrite<string, Entry<Compiled>>,
    id: string,
    key: string,
    component: ReadonlySet<string>,
    problems: Problem[],
  ): void {
    const entry = table.view.get(key);
    if (entry === undefined) return;
    const subject = { id, key, own: entry.own } as LinkSubject;
    const link = linkOutcome(subject, component, { flags: this.#flags.view, segments: this.#segments.view });
    problems.push(...entry.own.problems, ...link.problems);
    const live = link.problems.length === 0 ? entry.own.compiled : undefined;
    if (table === (this.#flags as unknown))
      this.#size += Number(live !== undefined) - Number(entry.live !== undefined);
    if (isSame(entry, link, live)) return;
    table.writable().set(key, { own: entry.own, link, live });
  }

  state(): SetState {
    return {
      flags: this.#flags.view,
      segments: this.#segments.view,
      dependents: this.#dependents.view,
      size: this.#size,
    };
  }
}

function isSame<Compiled>(entry: Entry<Compiled>, link: LinkOutcome, live: Compiled | undefined): boolean {
  return (
    entry.live === live &&
    entry.link !== UNLINKED &&
    entry.link.depth === link.depth &&
    entry.link.steps === link.steps &&
    entry.link.problems.length === 0 &&
    link.problems.length === 0
  );
}
