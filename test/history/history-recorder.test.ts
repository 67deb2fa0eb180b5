// The recorder: what the checker is given is what clients saw, when they saw it.

import { expect, test } from 'vitest';
import { HistoryRecorder } from './history-recorder.ts';

function recorder(): { recorder: HistoryRecorder; clock: { nowMs: number } } {
  const clock = { nowMs: 0 };
  return { recorder: new HistoryRecorder(() => clock.nowMs), clock };
}

test('a write is one operation from its begin to its end', () => {
  const { recorder: history, clock } = recorder();
  const write = history.beginWrite({ opId: 'a', sets: { left: 1 }, expects: { left: 7 } });
  clock.nowMs = 5;
  write.acknowledged({ epoch: 1, revision: 8 });
  expect(history.history([]).writes).toEqual([
    {
      kind: 'write',
      opId: 'a',
      startedMs: 0,
      endedMs: 5,
      outcome: 'acknowledged',
      place: { epoch: 1, revision: 8 },
      sets: { left: 1 },
      expects: { left: 7 },
    },
  ]);
  expect(history.acknowledged).toBe(1);
  expect(() => write.unknown()).toThrow('a has ended already');
});

test('a write that never ended is of unknown outcome', () => {
  const { recorder: history } = recorder();
  history.beginWrite({ opId: 'a', sets: {} });
  history.beginWrite({ opId: 'b', sets: {} }).refused();
  expect(history.history([]).writes.map(({ opId, outcome }) => [opId, outcome])).toEqual([
    ['b', 'refused'],
    ['a', 'unknown'],
  ]);
});

test('a read carries when it began and what it saw', () => {
  const { recorder: history, clock } = recorder();
  const saw = history.beginRead('node-1', 'acknowledged');
  clock.nowMs = 3;
  saw({ epoch: 1, revision: 2 }, { left: 1 });
  expect(history.history([]).reads).toEqual([
    {
      kind: 'read',
      session: 'node-1',
      startedMs: 0,
      endedMs: 3,
      atLeast: 'acknowledged',
      place: { epoch: 1, revision: 2 },
      values: { left: 1 },
    },
  ]);
});
