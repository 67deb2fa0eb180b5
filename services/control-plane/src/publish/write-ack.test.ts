import { LIMITS } from '@flagstream/protocol';
import { type CallContext, type ServiceBinding, unary } from '@flagstream/runtime';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { booleanFlag, PROJECT, Workbench } from '../workbench.fixture.ts';
import { ShipAcks } from './ship-acks.ts';
import { answerWhenShipped } from './write-ack.ts';

const CONTEXT = {} as CallContext;

/** A write and a read of one flag, answered as configured: shipped. */
function service() {
  // Only these: what else runs in this process may have its own turns of the event loop, and they are no leftovers.
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const bench = new Workbench();
  bench.apply(PROJECT);
  const acks = new ShipAcks();
  const answer = (request: unknown) => {
    const { key } = request as { readonly key: string };
    const { position } = bench.apply([booleanFlag(key)], { opId: `op-${key}` });
    return { revision: { ...position, revision: BigInt(position.revision), hash: Buffer.alloc(0) } };
  };
  const binding: ServiceBinding = {
    definition: {},
    policy: { create: 'write', get: 'read' },
    handlers: { create: unary(answer), get: unary(() => ({ revision: { epoch: 1, revision: 99n } })) },
  };
  const shipper = { whenShipped: (revision: number, ms: number) => acks.wait(revision, ms) };
  const { handlers } = answerWhenShipped(binding, shipper, bench.store);
  const call = (method: string, request: object): Promise<unknown> => {
    const handler = handlers[method]!;
    if (handler.kind !== 'unary') throw new Error(method);
    return Promise.resolve(handler.invoke(request, CONTEXT));
  };
  return { bench, acks, call };
}

describe('answerWhenShipped', () => {
  it('answers a write when NATS holds its revision, not one before', async () => {
    const { bench, acks, call } = service();
    let answered = false;
    const write = call('create', { key: 'a' }).then(() => {
      answered = true;
    });
    await vi.advanceTimersByTimeAsync(0);
    acks.shipped(bench.head.revision - 1);
    await vi.advanceTimersByTimeAsync(LIMITS.shipAckMs - 1);
    expect(answered).toBe(false);
    // Other parts of this process, vitest among them, may hold timers of their own.
    const timers = vi.getTimerCount();
    acks.shipped(bench.head.revision);
    await write;
    expect(answered).toBe(true);
    expect(vi.getTimerCount()).toBe(timers - 1);
  });

  it('says that the change is committed when NATS does not confirm it, and how to go on', async () => {
    const { bench, acks, call } = service();
    const next = bench.head.revision + 1;
    const write = call('create', { key: 'a' });
    const failed = expect(write).rejects.toMatchObject({
      reason: 'NOT_SHIPPED',
      retryable: true,
      message: expect.stringContaining('op_id "op-a"'),
      metadata: { outcome: 'committed', revision: `e1.${next}`, opId: 'op-a' },
    });
    await vi.advanceTimersByTimeAsync(LIMITS.shipAckMs);
    await failed;
    acks.shipped(next);
    await call('create', { key: 'a' });
    expect(bench.head.revision).toBe(next);
  });

  it('waits for nothing that is only asked or read', async () => {
    const { call } = service();
    await call('get', {});
    await call('create', { key: 'a', validateOnly: true });
  });
});
