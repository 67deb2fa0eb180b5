/**
 * Streams counted by a sequence of their node's reports. Bounded: the newest
 * sequences stand alone, all earlier ones together.
 */
import { LIMITS } from '@flagstream/protocol';
import type { ReportedStreams } from '@flagstream/protocol/gen/flagstream/v1/fleet';

interface Range {
  readonly first: number;
  readonly last: number;
  readonly streams: number;
}

export class SequencedStreams {
  /** Newest last. */
  #ranges: Range[] = [];

  /** @param sequence not less than any before */
  add(sequence: number, streams = 1): void {
    const newest = this.#ranges.at(-1);
    if (newest?.last === sequence) {
      this.#ranges[this.#ranges.length - 1] = { ...newest, streams: newest.streams + streams };
      return;
    }
    this.#ranges.push({ first: sequence, last: sequence, streams });
    if (this.#ranges.length <= LIMITS.reportedSequencesMax) return;
    const [oldest, next, ...rest] = this.#ranges as [Range, Range, ...Range[]];
    this.#ranges = [
      { first: oldest.first, last: next.last, streams: oldest.streams + next.streams },
      ...rest,
    ];
  }

  /** Newest first. */
  toWire(): ReportedStreams[] {
    return this.#ranges.toReversed().map(({ first, last, streams }) => ({
      firstSequence: BigInt(first),
      lastSequence: BigInt(last),
      streams,
    }));
  }
}
