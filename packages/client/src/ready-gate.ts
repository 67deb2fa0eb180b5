/**
 * Callers that wait for something to come true once, each with a timeout of
 * its own.
 */
import type { FlagstreamError } from '@flagstream/protocol';
import type { Clock } from './clock.ts';

interface Waiter<T> {
  resolve(value: T): void;
  reject(error: FlagstreamError): void;
}

export class ReadyGate<T> {
  readonly #clock: Clock;
  readonly #waiting = new Set<Waiter<T>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param onTimeout makes the error that the caller gets after timeoutMs */
  wait(timeoutMs: number, onTimeout: () => FlagstreamError): Promise<T> {
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        cancel();
        this.#waiting.delete(waiter);
      };
      const waiter: Waiter<T> = {
        resolve: (value) => {
          settle();
          resolve(value);
        },
        reject: (error) => {
          settle();
          reject(error);
        },
      };
      const cancel = this.#clock.schedule(timeoutMs, () => waiter.reject(onTimeout()));
      this.#waiting.add(waiter);
    });
  }

  open(value: T): void {
    for (const waiter of [...this.#waiting]) waiter.resolve(value);
  }

  refuse(error: FlagstreamError): void {
    for (const waiter of [...this.#waiting]) waiter.reject(error);
  }
}
