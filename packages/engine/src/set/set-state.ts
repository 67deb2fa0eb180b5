/**
 * The data of a compiled set: immutable, so that the next set shares all that
 * a change does not touch.
 *
 * Place on the path: written by the draft, read by the set. What evaluation
 * reads lies apart from what only linking does.
 */
import type { OwnCompile } from '../compile/flag.ts';
import { PersistentMap } from '../persistent-map.ts';
import type { Problem } from '../problem.ts';
import type { CompiledFlag, CompiledSegment } from '../walk.ts';

/** What an entity's references say about it. */
export interface LinkOutcome {
  readonly problems: readonly Problem[];
  /** Length of the longest chain of references below it. */
  readonly depth: number;
  /** Worst-case steps with everything it refers to. */
  readonly steps: number;
}

/** What linking keeps of an entity. */
export interface LinkRecord<Compiled> {
  readonly own: OwnCompile<Compiled>;
  readonly link: LinkOutcome;
}

/** Entities of one kind. */
export interface EntityTable<Compiled extends object> {
  /** Those that can be evaluated: neither they nor anything they refer to has a problem. */
  readonly live: PersistentMap<string, Compiled>;
  /** Of those that refer to others or have problems. The rest, usually nearly all, need none. */
  readonly records: PersistentMap<string, LinkRecord<Compiled>>;
}

/** A map, persistent or being edited. */
interface Lookup<Value> {
  get(key: string): Value | undefined;
}

/** What an entity that refers to this one must know. */
export interface LinkTarget<Compiled> {
  /** Undefined: it cannot be evaluated. */
  readonly live: Compiled | undefined;
  readonly depth: number;
  readonly steps: number;
}

/** Undefined: there is no such entity. */
export function linkTarget<Compiled extends { readonly steps: number }>(
  table: { readonly live: Lookup<Compiled>; readonly records: Lookup<LinkRecord<Compiled>> },
  key: string,
): LinkTarget<Compiled> | undefined {
  const live = table.live.get(key);
  const record = table.records.get(key);
  if (record !== undefined) return { live, depth: record.link.depth, steps: record.link.steps };
  return live && { live, depth: 0, steps: live.steps };
}

/** Nodes as keys; every value is true. */
export type NodeSet = PersistentMap<string, true>;

export interface SetState {
  readonly flags: EntityTable<CompiledFlag>;
  readonly segments: EntityTable<CompiledSegment>;
  /** Who names a node, whether the node exists or not. Nodes are nodeId(). */
  readonly dependents: PersistentMap<string, NodeSet>;
}

export const EMPTY_STATE: SetState = {
  flags: { live: new PersistentMap(), records: new PersistentMap() },
  segments: { live: new PersistentMap(), records: new PersistentMap() },
  dependents: new PersistentMap(),
};

export type NodeKind = 'flag' | 'segment';

export function nodeId(kind: NodeKind, key: string): string {
  return `${kind}/${key}`;
}

export function nodeOf(id: string): { kind: NodeKind; key: string } {
  const slash = id.indexOf('/');
  return { kind: id.slice(0, slash) as NodeKind, key: id.slice(slash + 1) };
}

/** The nodes and everything that refers to them, directly or not. */
export function reachableDependents(nodes: Iterable<string>, dependents: Lookup<NodeSet>): Set<string> {
  const reached = new Set(nodes);
  for (const node of reached) {
    // A set's iteration includes what is added while it runs.
    for (const dependent of dependents.get(node)?.keys() ?? []) reached.add(dependent);
  }
  return reached;
}
