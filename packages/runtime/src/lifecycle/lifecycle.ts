/**
 * Order of a process: parts start one after the other and stop in reverse. A
 * part that fails to start takes the ones before it down again; one that fails
 * to stop does not keep the others up. Stopping as a whole has a time limit.
 */
import type { Logger } from '../log/logger.ts';

export interface LifecycleOptions {
  readonly logger: Logger;
  /** Time for all parts to stop, in milliseconds. */
  readonly stopTimeoutMs: number;
}

interface Part {
  readonly name: string;
  readonly stop: () => void | Promise<void>;
}

export class Lifecycle {
  readonly #options: LifecycleOptions;
  readonly #parts: Part[] = [];
  #stopped: Promise<boolean> | undefined;

  constructor(options: LifecycleOptions) {
    this.#options = options;
  }

  /**
   * Opens a part and remembers how to close it. When opening fails, or when
   * stop() was called meanwhile, everything is stopped and this rejects.
   */
  async start<T>(
    name: string,
    open: () => T | Promise<T>,
    close: (part: T) => void | Promise<void>,
  ): Promise<T> {
    if (this.#stopped !== undefined) throw new Error(`${name} does not start: the process is stopping`);
    let part: T;
    try {
      part = await open();
    } catch (error) {
      await this.stop();
      throw error;
    }
    // Read again: it may have changed while the part was opening.
    const stopping = this.#stopped as Promise<boolean> | undefined;
    if (stopping !== undefined) {
      await this.#stopPart({ name, stop: () => close(part) });
      throw new Error(`${name} was stopped while it started`);
    }
    this.#parts.push({ name, stop: () => close(part) });
    return part;
  }

  /**
   * Stops all parts, the last started first. Resolves to false when one failed
   * or the time was over. Safe to call again: the same promise.
   */
  stop(): Promise<boolean> {
    this.#stopped ??= this.#stopAll();
    return this.#stopped;
  }

  async #stopAll(): Promise<boolean> {
    const { logger, stopTimeoutMs } = this.#options;
    let timer: NodeJS.Timeout | undefined;
    let current = '';
    const timeout = new Promise<boolean>((resolve) => {
      timer = setTimeout(() => {
        logger.error({ part: current, timeout_ms: stopTimeoutMs }, 'stopping took too long');
        resolve(false);
      }, stopTimeoutMs);
    });
    const stopping = async (): Promise<boolean> => {
      let clean = true;
      for (let part = this.#parts.pop(); part !== undefined; part = this.#parts.pop()) {
        current = part.name;
        clean = (await this.#stopPart(part)) && clean;
      }
      return clean;
    };
    const clean = await Promise.race([stopping(), timeout]);
    clearTimeout(timer);
    return clean;
  }

  async #stopPart(part: Part): Promise<boolean> {
    try {
      await part.stop();
      this.#options.logger.debug({ part: part.name }, 'stopped');
      return true;
    } catch (err) {
      this.#options.logger.error({ part: part.name, err }, 'a part failed to stop');
      return false;
    }
  }
}
