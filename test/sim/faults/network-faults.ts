/** Faults of the network. */

import type { Cluster } from '../cluster.ts';
import type { Line } from '../world/network.ts';
import type { Process } from '../world/process.ts';
import type { Fault } from './fault.ts';

export const networkFaults: readonly Fault[] = [
  {
    name: 'a line is cut in one direction',
    weight: 3,
    inject: (cluster) => change(cluster, [someLine(cluster)], (line) => ({ ...line, cut: true })),
  },
  {
    name: 'two are cut off from each other',
    weight: 3,
    inject: (cluster) =>
      change(cluster, bothWays(cluster, ...somePair(cluster)), (line) => ({ ...line, cut: true })),
  },
  {
    name: 'one is cut off from all',
    weight: 3,
    inject(cluster) {
      const one = cluster.world.random.pick(cluster.processes());
      const others = cluster.processes().filter((process) => process !== one);
      const lines = others.flatMap((other) => bothWays(cluster, one, other));
      return change(cluster, lines, (line) => ({ ...line, cut: true }));
    },
  },
  {
    name: 'messages are lost, doubled and out of order',
    weight: 4,
    inject(cluster) {
      const { random } = cluster.world;
      const mess = {
        dropRate: random.next() * 0.4,
        duplicateRate: random.next() * 0.4,
        spreadMs: random.int(5, 400),
      };
      const lines = [somePair(cluster), somePair(cluster), somePair(cluster)].flatMap((pair) =>
        bothWays(cluster, ...pair),
      );
      return change(cluster, lines, (line) => ({ ...line, ...mess }));
    },
  },
  {
    name: 'lines are slow',
    weight: 2,
    inject(cluster) {
      const minMs = cluster.world.random.int(100, 1_500);
      const lines = [somePair(cluster), somePair(cluster)].flatMap((pair) => bothWays(cluster, ...pair));
      return change(cluster, lines, (line) => ({ ...line, minMs }));
    },
  },
  {
    name: 'connections are half open',
    weight: 3,
    inject({ network, world }) {
      let swallowed = 0;
      for (const connection of network.connections()) {
        if (!world.random.chance(0.3)) continue;
        connection.swallow(world.random.pick(['client', 'server'] as const));
        swallowed += 1;
      }
      return swallowed === 0 ? undefined : () => undefined;
    },
  },
];

function change(cluster: Cluster, lines: readonly Line[], harm: (line: Line) => Line): () => void {
  const before = lines.map((line) => ({ ...line }));
  for (const line of lines) Object.assign(line, harm(line));
  return () => {
    for (const [i, line] of lines.entries()) Object.assign(line, before[i]);
    cluster.network.changed();
  };
}

/** Mostly between those whose talk matters most. */
function somePair(cluster: Cluster): readonly [Process, Process] {
  const { random } = cluster.world;
  const { nats, controlPlane } = cluster;
  const evaluator = random.pick(cluster.evaluators);
  switch (random.int(0, 3)) {
    case 0:
      return [controlPlane, nats];
    case 1:
      return [evaluator, nats];
    case 2:
      return [evaluator, controlPlane];
    default:
      return [random.pick(cluster.clients), evaluator];
  }
}

function bothWays({ network }: Cluster, a: Process, b: Process): readonly Line[] {
  return [network.line(a, b), network.line(b, a)];
}

function someLine(cluster: Cluster): Line {
  const [a, b] = somePair(cluster);
  return cluster.world.random.chance(0.5) ? cluster.network.line(a, b) : cluster.network.line(b, a);
}
