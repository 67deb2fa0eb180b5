import { expect, it } from 'vitest';
import { type DrainWindow, type OpenStream, StreamRegistry } from './stream-registry.ts';

/** Ends as soon as it is asked to. */
class TestStream implements OpenStream {
  readonly dirty = false;
  readonly asked: number[] = [];
  readonly #registry: StreamRegistry;

  constructor(registry: StreamRegistry) {
    this.#registry = registry;
  }

  drain({ deadlineMs }: DrainWindow): void {
    this.asked.push(deadlineMs);
    this.#registry.remove(this, 'draining');
  }
}

it('spreads its goodbyes where clients connect elsewhere as soon as they are told', async () => {
  const registry = new StreamRegistry();
  const streams = Array.from({ length: 100 }, () => new TestStream(registry));
  for (const stream of streams) registry.add(stream);
  const told = (): number => streams.filter(({ asked }) => asked.length > 0).length;
  const drained = registry.drain({ deadlineMs: 10_000, reconnectMaxMs: 200 }, 200);
  expect(told()).toBe(25);
  await drained;
  expect(told()).toBe(100);
});

it('says goodbye to a stream that opens after the goodbye to all, and only then', async () => {
  const registry = new StreamRegistry();
  const [early, late] = [new TestStream(registry), new TestStream(registry)];
  registry.add(early);
  expect(early.asked).toEqual([]);
  await registry.drain({ deadlineMs: 50, reconnectMaxMs: 10 });
  registry.add(late);
  expect([early.asked, late.asked]).toEqual([[50], [50]]);
  expect([registry.size, registry.closed.get('draining')]).toEqual([0, 2]);
});
