/**
 * Chunks of bytes to lines. Pure. What holds: at most one line's bytes are
 * kept, whatever arrives; a line that is longer than allowed is dropped to its
 * end and reported.
 */

/** Bytes without the line's end, or that the line was too long. */
export type Line = Uint8Array | 'too long';

const NEWLINE = 0x0a;

export class LineSplitter {
  readonly #bytesMax: number;
  #pieces: Uint8Array[] = [];
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** The lines that end in this chunk. */
  *push(chunk: Uint8Array): Generator<Line> {
    let from = 0;
    for (;;) {
      const newline = chunk.indexOf(NEWLINE, from);
      if (newline === -1) break;
      this.#keep(chunk.subarray(from, newline));
      yield this.#take();
      from = newline + 1;
    }
    this.#keep(chunk.subarray(from));
  }

  /** The last line, when it does not end with a newline. */
  *end(): Generator<Line> {
    if (this.#bytes > 0) yield this.#take();
  }

  #keep(piece: Uint8Array): void {
    if (piece.length === 0) return;
    this.#bytes += piece.length;
    if (this.#bytes > this.#bytesMax) this.#pieces = [];
    else this.#pieces.push(piece);
  }

  #take(): Line {
    const pieces = this.#pieces;
    const tooLong = this.#bytes > this.#bytesMax;
    this.#pieces = [];
    this.#bytes = 0;
    if (tooLong) return 'too long';
    const [first] = pieces;
    return pieces.length === 1 && first !== undefined ? first : Buffer.concat(pieces);
  }
}
