/** Faults of processes and their machines. */
import type { Fault } from './fault.ts';

const DRAIN_MS = 1_000;
const READ_MS = 500;

export const crashes: readonly Fault[] = [
  {
    name: 'control plane is killed',
    weight: 3,
    inject({ controlPlane }) {
      if (!controlPlane.up) return undefined;
      controlPlane.crash();
      return () => controlPlane.start();
    },
  },
  {
    name: 'control plane loses power',
    weight: 3,
    inject({ controlPlane, world }) {
      if (!controlPlane.up) return undefined;
      controlPlane.crash();
      controlPlane.disk.losePower(world.random, { tears: false });
      return () => controlPlane.start();
    },
  },
  {
    name: 'evaluator is killed',
    weight: 3,
    inject({ evaluators, world }) {
      const evaluator = world.random.pick(evaluators);
      if (!evaluator.up) return undefined;
      evaluator.crash();
      return () => evaluator.start();
    },
  },
  {
    name: 'evaluator is stopped in good order',
    weight: 2,
    inject({ evaluators, world }) {
      const evaluator = world.random.pick(evaluators);
      if (!evaluator.up) return undefined;
      evaluator.streams.drain(DRAIN_MS);
      evaluator.after(DRAIN_MS, () => evaluator.stop());
      return () => evaluator.start();
    },
  },
  {
    name: 'evaluator loses power',
    weight: 3,
    inject({ evaluators, world, history }) {
      const evaluator = world.random.pick(evaluators);
      if (!evaluator.up) return undefined;
      evaluator.crash();
      evaluator.disk.losePower();
      history.observe({ type: 'lost-power', node: evaluator.name });
      return () => evaluator.start();
    },
  },
  {
    name: 'evaluator moves to another machine',
    weight: 1,
    inject({ evaluators, world, history }) {
      const evaluator = world.random.pick(evaluators);
      if (!evaluator.up) return undefined;
      evaluator.crash();
      evaluator.disk.replace();
      history.observe({ type: 'lost-power', node: evaluator.name });
      return () => evaluator.start();
    },
  },
  {
    name: 'a record ends who applies it',
    weight: 2,
    inject({ evaluators, poison }) {
      if (poison.active) return undefined;
      poison.arm();
      return () => {
        poison.cure();
        for (const evaluator of evaluators)
          if (evaluator.up) {
            evaluator.crash();
            evaluator.start();
          }
      };
    },
  },
  {
    name: 'client is killed',
    weight: 1,
    inject({ clients, world }) {
      const client = world.random.pick(clients);
      if (!client.up) return undefined;
      client.crash();
      return () => client.start();
    },
  },
  {
    name: 'NATS is killed',
    weight: 3,
    inject({ nats }) {
      if (!nats.up) return undefined;
      nats.crash();
      return () => nats.start();
    },
  },
  {
    name: 'a clock jumps',
    weight: 1,
    inject(cluster) {
      const { random } = cluster.world;
      const process = random.pick(cluster.processes());
      process.wallErrorMs += random.int(-3_600_000, 3_600_000);
      return () => undefined;
    },
  },
  {
    name: 'client cannot take a set',
    weight: 3,
    // Two heartbeats and more: what it is told meanwhile must not count as taken.
    lastsMs: 10_000,
    inject({ clients, world }) {
      const client = world.random.pick(clients);
      client.refuses = true;
      client.every(READ_MS, () => client.read());
      return () => {
        client.refuses = false;
      };
    },
  },
];
