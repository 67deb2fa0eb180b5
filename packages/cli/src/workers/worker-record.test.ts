import { expect, it } from 'vitest';
import { readinessOf, UNANSWERED_MAX, WorkerRecord } from './worker-record.ts';

const started = { type: 'started', grpcPort: 8013, managementPort: 8020, rereadsOnHangup: false } as const;
const standing = { type: 'state', ready: true, epoch: 1, revision: 7 } as const;

it('follows one worker through its lives', () => {
  const worker = new WorkerRecord(0, 'ev-0');
  expect([worker.state, worker.restarts]).toEqual(['down', 0]);
  worker.forked(100, 0);
  worker.heard({ type: 'hears' });
  expect([worker.state, worker.isOpen, worker.ranBefore]).toEqual(['starting', false, false]);
  worker.heard(started);
  expect(worker.state).toBe('unready');
  worker.heard(standing);
  expect(worker.state).toBe('ready');
  worker.heard({ ...standing, ready: false, revision: 8 });
  expect(worker.view()).toEqual({
    index: 0,
    nodeId: 'ev-0',
    state: 'unready',
    pid: 100,
    managementPort: 8020,
    restarts: 0,
    epoch: 1,
    revision: 8,
  });
  expect(worker.ended(1_000)).toBe(100);
  expect([worker.state, worker.pid, worker.isOpen, worker.ranBefore]).toEqual([
    'down',
    undefined,
    false,
    true,
  ]);
  worker.forked(101, 1_100);
  expect([worker.state, worker.restarts]).toEqual(['starting', 1]);
  expect(worker.ended(1_200)).toBe(200);
});

it('takes one for hung that has not answered for long, which is longer while it starts, and anything for an answer', () => {
  const worker = new WorkerRecord(0, 'ev-0');
  const ask = (times: number): void => {
    for (let asked = 0; asked < times; asked++) worker.asked();
  };
  worker.forked(100, 0);
  ask(UNANSWERED_MAX);
  expect(worker.isHung).toBe(false);
  worker.heard(started);
  worker.heard(standing);
  ask(3);
  expect(worker.state).toBe('ready');
  ask(1);
  expect([worker.state, worker.isHung]).toEqual(['unready', false]);
  worker.heard({ type: 'lives' });
  expect(worker.state).toBe('ready');
  ask(UNANSWERED_MAX - 1);
  expect(worker.isHung).toBe(false);
  ask(1);
  expect(worker.isHung).toBe(true);
  worker.ended(1_000);
  worker.forked(101, 1_100);
  expect(worker.isHung).toBe(false);
  ask(4 * UNANSWERED_MAX);
  expect(worker.isHung).toBe(true);
});

it('counts a life from its own start', () => {
  const worker = new WorkerRecord(0, 'ev-0');
  worker.forked(100, 500_000);
  worker.ended(500_100);
  worker.forked(101, 500_200);
  expect(worker.ended(559_000)).toBe(200);
  worker.forked(102, 559_200);
  expect(worker.ended(620_000)).toBe(100);
});

it('takes no word of one that has ended for one of the next', () => {
  const worker = new WorkerRecord(0, 'ev-0');
  worker.forked(100, 0);
  worker.ended(10);
  worker.heard(started);
  worker.forked(101, 20);
  expect([worker.state, worker.ranBefore, worker.failure]).toEqual(['starting', false, undefined]);
});

it('makes the whole ready with one of them, and says what the others are', () => {
  const workers = [new WorkerRecord(0, 'ev-0'), new WorkerRecord(1, 'ev-1')];
  const [first, second] = workers as [WorkerRecord, WorkerRecord];
  first.forked(100, 0);
  expect(readinessOf(workers)).toMatchObject({
    ready: false,
    reasons: ['worker 0 is starting', 'worker 1 is down'],
    details: { grpcPort: undefined },
  });
  second.forked(101, 0);
  second.heard(started);
  second.heard(standing);
  expect(readinessOf(workers)).toMatchObject({
    ready: true,
    reasons: [],
    details: { grpcPort: 8013, workers: [{ state: 'starting' }, { state: 'ready', revision: 7 }] },
  });
});
