import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { createLogger, type Logger } from '../log/logger.ts';
import { Lifecycle } from './lifecycle.ts';
import { type SignalTarget, stopOnSignals } from './stop-on-signals.ts';

function capture(): { readonly logger: Logger; readonly logs: Record<string, unknown>[] } {
  const logs: Record<string, unknown>[] = [];
  const destination = { write: (line: string) => logs.push(JSON.parse(line) as Record<string, unknown>) };
  return {
    logger: createLogger({ level: 'info', service: 't', version: '0', nodeId: 'n', destination }),
    logs,
  };
}

function lifecycle(stopTimeoutMs = 60_000) {
  const events: string[] = [];
  const { logger, logs } = capture();
  const parts = new Lifecycle({ logger, stopTimeoutMs });
  const start = (name: string, failure?: 'open' | 'close'): Promise<string> =>
    parts.start(
      name,
      () => {
        if (failure === 'open') throw new Error(`${name} cannot open`);
        events.push(`open ${name}`);
        return name;
      },
      async (part) => {
        await Promise.resolve();
        events.push(`close ${part}`);
        if (failure === 'close') throw new Error(`${name} cannot close`);
      },
    );
  return { parts, start, events, logs };
}

describe('Lifecycle', () => {
  it('stops in reverse order, once', async () => {
    const { parts, start, events } = lifecycle();
    await start('store');
    await start('bus');
    await start('server');
    const [first, second] = await Promise.all([parts.stop(), parts.stop()]);
    expect([first, second]).toEqual([true, true]);
    expect(events).toEqual([
      'open store',
      'open bus',
      'open server',
      'close server',
      'close bus',
      'close store',
    ]);
    await expect(start('late')).rejects.toThrow('late does not start');
  });

  it('takes down what was up when a part fails to start', async () => {
    const { start, events } = lifecycle();
    await start('store');
    await start('bus');
    await expect(start('server', 'open')).rejects.toThrow('server cannot open');
    expect(events).toEqual(['open store', 'open bus', 'close bus', 'close store']);
  });

  it('stops the others when one fails to stop, and says so', async () => {
    const { parts, start, events, logs } = lifecycle();
    await start('store');
    await start('bus', 'close');
    expect(await parts.stop()).toBe(false);
    expect(events.at(-1)).toBe('close store');
    expect(logs).toMatchObject([{ level: 'error', part: 'bus' }]);
  });

  it('closes a part that was still opening when the stop came', async () => {
    const { parts } = lifecycle();
    let opened: (part: string) => void = () => undefined;
    const closed: string[] = [];
    const starting = parts.start(
      'slow',
      () =>
        new Promise<string>((resolve) => {
          opened = resolve;
        }),
      (part) => {
        closed.push(part);
      },
    );
    await parts.stop();
    opened('slow');
    await expect(starting).rejects.toThrow('slow was stopped while it started');
    expect(closed).toEqual(['slow']);
  });

  it('gives up after the time limit and names the part', async () => {
    const { parts, logs } = lifecycle(10);
    await parts.start(
      'stuck',
      () => 'stuck',
      () => new Promise(() => undefined),
    );
    expect(await parts.stop()).toBe(false);
    expect(logs).toMatchObject([{ level: 'error', part: 'stuck', timeout_ms: 10 }]);
  });
});

class FakeProcess extends EventEmitter implements SignalTarget {
  readonly exits: number[] = [];
  exit(code: number): void {
    this.exits.push(code);
    this.emit('exited');
  }
}

describe('stopOnSignals', () => {
  it.each([
    [true, 0],
    [false, 1],
  ])('stops once at the first signal (clean: %s, exit code %i)', async (clean, code) => {
    const target = new FakeProcess();
    let stops = 0;
    const stop = (): Promise<boolean> => {
      stops += 1;
      return Promise.resolve(clean);
    };
    stopOnSignals({ logger: capture().logger, stop, target });
    const exited = new Promise((resolve) => target.once('exited', resolve));
    target.emit('SIGTERM');
    await exited;
    expect([stops, target.exits]).toEqual([1, [code]]);
  });

  it('stops at once at the second signal', () => {
    const target = new FakeProcess();
    const ignore = stopOnSignals({
      logger: capture().logger,
      stop: () => new Promise(() => undefined),
      target,
    });
    target.emit('SIGTERM');
    expect(target.exits).toEqual([]);
    target.emit('SIGINT');
    expect(target.exits).toEqual([130]);
    ignore();
    expect(target.listenerCount('SIGINT')).toBe(0);
  });
});
