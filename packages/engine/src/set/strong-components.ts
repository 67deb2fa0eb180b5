/**
 * Strongly connected components of a directed graph (Tarjan), without
 * recursion, since a chain of references may be as long as the set.
 *
 * Place on the path: linking. A component of more than one node is a cycle;
 * components come out with the nodes they refer to before them, which is the
 * order in which entities can be linked.
 */

interface Visit {
  readonly node: string;
  readonly index: number;
  low: number;
  readonly targets: readonly string[];
  next: number;
}

/** One after the other, so that who links them may let others run in between. */
export function* strongComponents(
  nodes: Iterable<string>,
  targetsOf: (node: string) => readonly string[],
): Generator<readonly string[], void> {
  const visits = new Map<string, Visit>();
  const open = new Set<string>();
  const stack: string[] = [];

  const enter = (node: string, path: Visit[]): void => {
    const visit = { node, index: visits.size, low: visits.size, targets: targetsOf(node), next: 0 };
    visits.set(node, visit);
    stack.push(node);
    open.add(node);
    path.push(visit);
  };

  /** The component that is complete with this node. */
  const leave = (visit: Visit, parent: Visit | undefined): readonly string[] | undefined => {
    if (parent !== undefined) parent.low = Math.min(parent.low, visit.low);
    if (visit.low !== visit.index) return undefined;
    const component = stack.splice(stack.lastIndexOf(visit.node));
    for (const node of component) open.delete(node);
    return component;
  };

  for (const root of nodes) {
    if (visits.has(root)) continue;
    const path: Visit[] = [];
    enter(root, path);
    for (let visit = path.at(-1); visit !== undefined; visit = path.at(-1)) {
      const target = visit.targets[visit.next];
      visit.next += 1;
      if (target === undefined) {
        path.pop();
        const component = leave(visit, path.at(-1));
        if (component !== undefined) yield component;
        continue;
      }
      const seen = visits.get(target);
      if (seen === undefined) enter(target, path);
      else if (open.has(target)) visit.low = Math.min(visit.low, seen.index);
    }
  }
}
