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
  harmed('NATS loses the newest records', 4, ({ nats, world, backups }) => {
    const stream = nats.stream(nats.epochs().at(-1) ?? 0);
    if (stream === undefined) return false;
    stream.loseNewest(world.random.int(1, 12));
    backups.natsLost();
    return true;
  }),
  harmed('NATS loses everything', 2, (cluster) => {
    cluster.nats.restore(undefined);
    cluster.backups.natsLost();
    return true;
  }),
  harmed('NATS loses its newest stream', 1, (cluster) => {
    cluster.nats.deleteStream(cluster.nats.epochs().at(-1) ?? 0);
    cluster.backups.natsLost();
    return true;
  }),
  {
    name: 'NATS is put back from an older copy',
    weight: 3,
    inject(cluster) {
      const { nats } = cluster;
      const copy = nats.copy();
      return () => {
        nats.crash();
        nats.restore(copy);
        cluster.backups.natsLost();
        nats.start();
      };
    },
  },
  {
    name: 'a stranger writes into the stream',
    weight: 2,
    inject(cluster) {
      const { nats, world } = cluster;
      const stream = nats.stream(nats.epochs().at(-1) ?? 0);
      if (!nats.up || stream === undefined || stream.lastSeq === 0) return undefined;
      stream.push(cluster.forge(stream.read(stream.lastSeq)!) ?? world.random.bytes(40));
      nats.feed();
      return () => undefined;
    },
  },
];
