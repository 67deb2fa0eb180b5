// The scenarios of `make load` with a thousand clients, on real processes: what they promise, and nothing of how fast.

import { expect } from 'vitest';
import { runLaggards } from '../load/laggards.ts';
import { runNodeKill } from '../load/node-kill.ts';
import { runPaused } from '../load/paused.ts';
import { runPush } from '../load/push.ts';
import type { ScenarioResult } from '../load/scenario.ts';
import { requiresNats } from '../support/requires-nats.ts';

const CLIENTS = 1_000;
const PER_SECOND = 400;
const { test } = requiresNats('2.9.0');

function figure({ figures }: ScenarioResult, what: string): string | undefined {
  return figures.find((candidate) => candidate.what === what)?.value;
}

test('a change reaches a thousand clients, and the control plane knows of each', async () => {
  const result = await runPush({ clients: CLIENTS, evaluators: 1, changes: 2, perSecond: PER_SECOND });
  expect(result.broken).toEqual([]);
  expect(figure(result, 'the rollout, as the control plane tells it')).toBe('1001 of 1001 applied');
});

test('laggards are named exactly, and waiting for everybody does not succeed', async () => {
  const result = await runLaggards({ clients: CLIENTS, frozen: 7, perSecond: PER_SECOND });
  expect(result.broken).toEqual([]);
  expect(figure(result, 'named by the rollout')?.split(', ')).toHaveLength(7);
});

test('sockets that nobody reads cost the evaluator no memory, and nobody waits for them', async () => {
  const result = await runPaused({ paused: CLIENTS, readers: 50, changes: 200, perSecond: PER_SECOND });
  expect(result.broken).toEqual([]);
  expect(figure(result, 'changes meanwhile')).toBe('200');
});

test('an evaluator is killed with a thousand clients: all follow the other one, and none goes back', async () => {
  const result = await runNodeKill({ clients: CLIENTS, perSecond: PER_SECOND, signal: 'SIGKILL' });
  expect(result.broken).toEqual([]);
  expect(figure(result, 'clients on the evaluator that goes')).toBe('1,000');
  expect(figure(result, 'the rollout, as the control plane tells it')).toBe('1001 applied, 0 owe it');
});
