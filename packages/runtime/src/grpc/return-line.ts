/** When those that are sent away may come back: one after the other, so that a crowd comes back as a line. */
export class ReturnLine {
  /** When the next of them may come. */
  #nextMs = Number.NEGATIVE_INFINITY;

  /**
   * Takes the next place. Answers how long it is until then; undefined: longer than `latestMs`, and nothing was taken.
   * @param stepMs until the place behind it
   */
  take(
    nowMs: number,
    { earliestMs, latestMs, stepMs }: Readonly<Record<'earliestMs' | 'latestMs' | 'stepMs', number>>,
  ): number | undefined {
    const placeMs = Math.max(this.#nextMs, nowMs + earliestMs);
    if (placeMs - nowMs > latestMs) return undefined;
    this.#nextMs = placeMs + stepMs;
    return placeMs - nowMs;
  }
}
