import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { strongComponents } from './strong-components.ts';

type Graph = Readonly<Record<string, readonly string[]>>;

function reaches(graph: Graph, from: string): Set<string> {
  const reached = new Set(graph[from]);
  for (const node of reached) for (const target of graph[node] ?? []) reached.add(target);
  return reached;
}

const NODES = ['a', 'b', 'c', 'd', 'e', 'f'];
const graphs: fc.Arbitrary<Graph> = fc
  .tuple(...NODES.map(() => fc.subarray(NODES)))
  .map((targets) => Object.fromEntries(NODES.map((node, index) => [node, targets[index]!])));

describe('strongComponents', () => {
  test('joins exactly the nodes that reach each other', () => {
    fc.assert(
      fc.property(graphs, (graph) => {
        const components = [...strongComponents(NODES, (node) => graph[node] ?? [])];
        expect(components.flat().sort()).toEqual(NODES);
        for (const a of NODES) {
          const component = components.find((nodes) => nodes.includes(a));
          const mutual = NODES.filter(
            (b) => a === b || (reaches(graph, a).has(b) && reaches(graph, b).has(a)),
          );
          expect(component?.slice().sort()).toEqual(mutual);
        }
      }),
    );
  });

  test('puts what a node refers to before it', () => {
    fc.assert(
      fc.property(graphs, (graph) => {
        const components = [...strongComponents(NODES, (node) => graph[node] ?? [])];
        const place = new Map(
          components.flatMap((nodes, index) => nodes.map((node) => [node, index] as const)),
        );
        for (const node of NODES) {
          for (const target of graph[node] ?? [])
            expect(place.get(target)).toBeLessThanOrEqual(place.get(node)!);
        }
      }),
    );
  });

  test('follows a chain longer than the stack', () => {
    const length = 200_000;
    const components = [
      ...strongComponents(['0'], (node) => (Number(node) < length ? [String(Number(node) + 1)] : [])),
    ];
    expect(components).toHaveLength(length + 1);
  });
});
