// The parent's end of client-host.ts: groups of SDK clients, spread over some processes.

import { BenchChild } from '../bench-child.ts';
import type { ClientQuestion, Way } from './client-host.ts';

const PROCESSES = 2;
/** Certificates name 127.0.0.1, which Node does not like to be asked for. */
const NODE_FLAGS = ['--disable-warning=DEP0123'];

export class Clients {
  readonly #hosts = Array.from(
    { length: PROCESSES },
    (_, index) => new BenchChild('client-host', [`${index}`], NODE_FLAGS),
  );

  /** Resolves when all of them are live. */
  async open(group: string, count: number, way: Way): Promise<void> {
    await Promise.all(
      this.#hosts.map((host, index) => {
        const share = Math.floor((count + index) / PROCESSES);
        return ask<void>(host, { ask: 'open', group, count: share, way });
      }),
    );
  }

  /** Call before the revocation is sent. Answers when each stream was closed: ms of the monotonic clock. */
  async ends(group: string): Promise<readonly number[]> {
    const ended = this.#hosts.map((host) => ask<readonly number[]>(host, { ask: 'ends', group }));
    return (await Promise.all(ended)).flat();
  }

  /** How many never lost their streams, and came to the revision by them. */
  async following(group: string, revision: number): Promise<number> {
    const counts = this.#hosts.map((host) => ask<number>(host, { ask: 'following', group, revision }));
    return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
  }

  async closeGroup(group: string): Promise<void> {
    await Promise.all(this.#hosts.map((host) => ask<void>(host, { ask: 'close', group })));
  }

  async close(): Promise<void> {
    await Promise.all(this.#hosts.map((host) => host.close()));
  }
}

function ask<Answer>(host: BenchChild, question: ClientQuestion): Promise<Answer> {
  return host.ask<Answer>(question);
}
