/** Faults of what NATS keeps: it forgets, goes back, or holds what nobody of ours wrote. */
import type { Cluster } from '../cluster.ts';
import type { Fault } from './fault.ts';

/** NATS stops, its store is harmed, and it comes back. */
function harmed(name: string, weight: number, harm: (cluster: Cluster) => boolean): Fault {
  return {
    name,
    weight,
    inject(cluster) {
      const { nats } = cluster;
      if (!nats.up) return undefined;
      nats.crash();
      if (!harm(cluster)) nats.say('has nothing to lose');
      return () => nats.start();
    },
  };
}

export const natsFaults: readonly Fault[] = [
  harmed('NATS loses the newest records', 4, ({ nats, world }) => {
    const stream = nats.stream(nats.epochs().at(-1) ?? 0);
    if (stream === undefined) return false;
    stream.loseNewest(world.random.int(1, 12));
    return true;
  }),
];
