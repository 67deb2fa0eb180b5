/**
 * The next state of a set while a change is applied.
 *
 * Place on the path: between the previous set and the next. What the change
 * leaves alone is shared, so an edit costs what it touches.
 */
import type { OwnCompile } from '../compile/flag.ts';
import { PartPool } from '../compile/part-pool.ts';
import type { Reference } from '../compile/scope.ts';
import { type MapEdit, PersistentMap } from '../persistent-map.ts';
import { compareProblems, type Problem } from '../problem.ts';
import type { CompiledFlag, CompiledSegment } from '../walk.ts';
import { type LinkSubject, linkOutcome } from './link.ts';
import {
  type NodeKind,
  type NodeSet,
  nodeId,
  nodeOf,
  reachableDependents,
  type SetState,
} from './set-state.ts';
import { strongComponents } from './strong-components.ts';
import { TableEdit } from './table-edit.ts';

export interface DraftOutcome {
  readonly state: SetState;
  readonly problems: readonly Problem[];
  /** Nodes that changed, and those that refer to them. */
  readonly relinked: ReadonlySet<string>;
}

export class Draft {
  /** Shared by what this draft compiles. */
  readonly pool: PartPool = new PartPool();
  readonly #flags: TableEdit<CompiledFlag>;
  readonly #segments: TableEdit<CompiledSegment>;
  readonly #dependents: MapEdit<string, NodeSet>;
  /** Dependents of nodes, where this draft edits them. */
  readonly #dependentEdits = new Map<string, MapEdit<string, true>>();
  readonly #changed = new Set<string>();

  constructor(previous: SetState) {
    this.#flags = new TableEdit(previous.flags);
    this.#segments = new TableEdit(previous.segments);
    this.#dependents = previous.dependents.edit();
  }

  /** Puts a flag's own compile in place; undefined removes it. */
  putFlag(key: string, own: OwnCompile<CompiledFlag> | undefined): void {
    this.#put('flag', this.#flags, key, own);
  }

  /** Puts a segment's own compile in place; undefined removes it. */
  putSegment(key: string, own: OwnCompile<CompiledSegment> | undefined): void {
    this.#put('segment', this.#segments, key, own);
  }

  #put<Compiled extends CompiledFlag | CompiledSegment>(
    kind: NodeKind,
    table: TableEdit<Compiled>,
    key: string,
    own: OwnCompile<Compiled> | undefined,
  ): void {
    const id = nodeId(kind, key);
    this.#changed.add(id);
    this.#moveReferences(id, table.references(key), own?.references ?? []);
    table.put(key, own);
  }

  #moveReferences(id: string, old: readonly Reference[], fresh: readonly Reference[]): void {
    if (old.length === 0 && fresh.length === 0) return;
    const before = new Set(old.map((reference) => nodeId(reference.kind, reference.key)));
    const after = new Set(fresh.map((reference) => nodeId(reference.kind, reference.key)));
    for (const target of before) if (!after.has(target)) this.#editDependents(target).delete(id);
    for (const target of after) if (!before.has(target)) this.#editDependents(target).set(id, true);
  }

  #editDependents(target: string): MapEdit<string, true> {
    let edit = this.#dependentEdits.get(target);
    if (edit === undefined) {
      edit = (this.#dependents.get(target) ?? new PersistentMap<string, true>()).edit();
      this.#dependentEdits.set(target, edit);
    }
    return edit;
  }

  /**
   * Links what changed and what refers to it, in steps; the problems are those
   * of exactly these. The draft must not be used any more.
   */
  *link(): Generator<void, DraftOutcome> {
    this.#settleDependents();
    const relinked = reachableDependents(this.#changed, this.#dependents);
    const problems = yield* this.#link(relinked);
    const state = {
      flags: this.#flags.done(),
      segments: this.#segments.done(),
      dependents: this.#dependents.done(),
    };
    return { state, problems, relinked };
  }

  #settleDependents(): void {
    for (const [target, edit] of this.#dependentEdits) {
      const dependents = edit.done();
      if (dependents.size > 0) this.#dependents.set(target, dependents);
      else this.#dependents.delete(target);
    }
    this.#dependentEdits.clear();
  }

  *#link(dirty: ReadonlySet<string>): Generator<void, readonly Problem[]> {
    // The rest, usually nearly all, refers to nothing and is live already.
    const nodes = new Set<string>();
    for (const id of dirty) if (this.#hasRecord(id)) nodes.add(id);
    const targetsInside = (id: string): string[] =>
      this.#references(id)
        .map((reference) => nodeId(reference.kind, reference.key))
        .filter((target) => nodes.has(target));
    const problems: Problem[] = [];
    for (const component of strongComponents(nodes, targetsInside)) {
      const members = new Set(component);
      for (const id of component) {
        const { kind, key } = nodeOf(id);
        if (kind === 'flag') this.#relink(this.#flags, id, key, members, problems);
        else this.#relink(this.#segments, id, key, members, problems);
      }
      yield;
    }
    return problems.sort(compareProblems);
  }

  #hasRecord(id: string): boolean {
    const { kind, key } = nodeOf(id);
    return (kind === 'flag' ? this.#flags : this.#segments).own(key) !== undefined;
  }

  #references(id: string): readonly Reference[] {
    const { kind, key } = nodeOf(id);
    return (kind === 'flag' ? this.#flags : this.#segments).references(key);
  }

  #relink<Compiled extends CompiledFlag | CompiledSegment>(
    table: TableEdit<Compiled>,
    id: string,
    key: string,
    component: ReadonlySet<string>,
    problems: Problem[],
  ): void {
    const own = table.own(key);
    if (own === undefined) return;
    const subject = { id, key, own } as LinkSubject;
    const link = linkOutcome(subject, component, { flag: this.#flags, segment: this.#segments });
    problems.push(...own.problems, ...link.problems);
    table.setLink(key, link);
  }
}
