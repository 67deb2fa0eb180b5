import { LIMITS } from '@flagstream/protocol';
import { expect, it } from 'vitest';
import { FullTransferGate, type TurnTaker } from './full-transfer-gate.ts';

class Taker implements TurnTaker {
  turns = 0;
  turn(): void {
    this.turns += 1;
  }
}

function filled(): { gate: FullTransferGate; running: Taker[]; clock: { nowMs: number } } {
  const clock = { nowMs: 0 };
  const gate = new FullTransferGate(() => clock.nowMs);
  const running = Array.from({ length: LIMITS.fullTransfersMax }, () => new Taker());
  for (const taker of running) expect(gate.ask(taker)).toBe(true);
  return { gate, running, clock };
}

it('gives fullTransfersMax turns, the others in the order of asking', () => {
  const { gate, running } = filled();
  const [first, second] = [new Taker(), new Taker()];
  gate.ask(first);
  gate.ask(second);
  expect([gate.running, gate.waiting, first.turns]).toEqual([LIMITS.fullTransfersMax, 2, 0]);
  gate.done(running[3]!);
  expect([first.turns, second.turns]).toEqual([1, 0]);
  // One that is gone while it waits takes no turn.
  gate.done(second);
  gate.done(running[4]!);
  expect([second.turns, gate.running, gate.waiting]).toEqual([0, LIMITS.fullTransfersMax - 1, 0]);
});

it('has room for fullTransfersWaitingMax that wait', () => {
  const { gate } = filled();
  for (let i = 0; i < LIMITS.fullTransfersWaitingMax; i++) expect(gate.ask(new Taker())).toBe(true);
  expect(gate.ask(new Taker())).toBe(false);
});

it('lets nobody wait for a client that takes nothing for fullTransferStallMs', () => {
  const { gate, running, clock } = filled();
  const waiting = new Taker();
  gate.ask(waiting);
  clock.nowMs = LIMITS.fullTransferStallMs - 1;
  for (const taker of running.slice(1)) gate.moved(taker);
  gate.tick(clock.nowMs);
  expect(waiting.turns).toBe(0);
  clock.nowMs += 1;
  expect(gate.deadlineMs).toBe(clock.nowMs);
  gate.tick(clock.nowMs);
  expect(waiting.turns).toBe(1);
  // The slow one goes on, and ends without taking anybody's place.
  gate.done(running[0]!);
  expect(gate.running).toBe(LIMITS.fullTransfersMax);
});
