/** One line that is drawn anew as things move, where a person looks; elsewhere each state of it is a line. */
import type { Terminal } from '../terminal.ts';
import { truncate } from './display-width.ts';

export class LiveLine {
  readonly #terminal: Terminal;
  #text = '';

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  show(text: string): void {
    if (text === this.#text) return;
    this.#text = text;
    // A line that wraps could not be drawn over.
    if (this.#terminal.interactive) this.#terminal.redraw(truncate(text, this.#terminal.columns - 1));
    else this.#terminal.print(text);
  }

  /** Leaves what was shown last, whole. */
  end(): void {
    if (!this.#terminal.interactive) return;
    this.#terminal.redraw('');
    this.#terminal.print(this.#text);
  }
}
