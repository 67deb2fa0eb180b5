/**
 * What happened, in one line each: the newest are kept for a reader, and all of
 * them go into one hash by which two runs of a seed are compared.
 */

/** Lines kept for the reader of a replay. */
const KEPT_LINES = 400;
const FNV_PRIME = 0x01000193;
const FNV_OFFSET = 0x811c9dc5;

export class Trace {
  readonly #lines: string[] = [];
  readonly #print: ((line: string) => void) | undefined;
  #hash = FNV_OFFSET;
  #count = 0;

  /** @param print is given each line as it comes */
  constructor(print?: (line: string) => void) {
    this.#print = print;
  }

  /** Events so far. */
  get count(): number {
    return this.#count;
  }

  get hash(): string {
    return (this.#hash >>> 0).toString(16).padStart(8, '0');
  }

  line(ms: number, who: string, what: string): void {
    const line = `${(ms / 1000).toFixed(3).padStart(9)}  ${who.padEnd(4)} ${what}`;
    let hash = this.#hash;
    for (let i = 0; i < line.length; i++) hash = Math.imul(hash ^ line.charCodeAt(i), FNV_PRIME);
    this.#hash = hash;
    this.#count += 1;
    this.#lines.push(line);
    if (this.#lines.length > KEPT_LINES * 2) this.#lines.splice(0, KEPT_LINES);
    this.#print?.(line);
  }

  /** The newest lines, oldest first. */
  tail(max: number): readonly string[] {
    return this.#lines.slice(-max);
  }
}
