/**
 * A record that ends every evaluator that applies it, until a release comes
 * that can take it.
 */
import type { LogRecord } from '@flagstream/replica';

/** How applying it ends: nobody catches it but the simulated process. */
export class Death extends Error {
  readonly record: LogRecord;

  constructor(record: LogRecord) {
    super('the process ends');
    this.record = record;
  }
}

export class Poison {
  #releases = 1;
  #armed = false;
  #opId: string | undefined;

  /** Which release evaluators start with. */
  get release(): string {
    return String(this.#releases);
  }

  get active(): boolean {
    return this.#armed || this.#opId !== undefined;
  }

  /** The next change that somebody applies is one. */
  arm(): void {
    this.#armed = true;
  }

  kills({ opId, kind }: LogRecord): boolean {
    if (this.#armed && kind === 'change') {
      this.#armed = false;
      this.#opId = opId;
    }
    return opId === this.#opId;
  }

  /** The newest release can take it. */
  cure(): void {
    this.#armed = false;
    this.#opId = undefined;
    this.#releases += 1;
  }
}
