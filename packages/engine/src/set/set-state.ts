/**
 * The data of a compiled set: immutable, so that the next set shares all that
 * a change does not touch.
 *
 * Place on the path: written by link, read by the set.
 */
import type { OwnCompile } from '../compile/flag.ts';
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

export interface Entry<Compiled> {
  readonly own: OwnCompile<Compiled>;
  readonly link: LinkOutcome;
  /** Present when neither it nor anything it refers to has a problem. */
  readonly live: Compiled | undefined;
}

export interface SetState {
  readonly flags: ReadonlyMap<string, Entry<CompiledFlag>>;
  readonly segments: ReadonlyMap<string, Entry<CompiledSegment>>;
  /** Who names a node, whether the node exists or not. Nodes are nodeId(). */
  readonly dependents: ReadonlyMap<string, ReadonlySet<string>>;
  /** Number of live flags. */
  readonly size: number;
}

export const EMPTY_STATE: SetState = {
  flags: new Map(),
  segments: new Map(),
  dependents: new Map(),
  size: 0,
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
export function reachableDependents(
  nodes: Iterable<string>,
  dependents: ReadonlyMap<string, ReadonlySet<string>>,
): Set<string> {
  const reached = new Set(nodes);
  // A set's iteration includes what is added while it runs.
  for (const node of reached) for (const dependent of dependents.get(node) ?? []) reached.add(dependent);
  return reached;
}
