/**
 * Of an environment's clients, the streams that they had before at other
 * processes and lost there: what such a process counts in vain, should it have
 * fallen silent. A client says it; that it has said anything since its Welcome
 * shows that it knows of the stream that speaks for it now.
 */
import { LIMITS } from '@flagstream/protocol';
import type { MovedClients } from '@flagstream/protocol/gen/flagstream/v1/fleet';
import type { ReportPlace } from '@flagstream/replica';
import { SequencedStreams } from './sequenced-streams.ts';

/** Counts what a report is to tell: made anew for each. */
export class MovedClientsCount {
  /** By process, then by sequence. */
  readonly #streams = new Map<string, Map<number, number>>();

  add(lostStreams: readonly ReportPlace[]): void {
    for (const { bootId, sequence } of lostStreams) {
      let counts = this.#streams.get(bootId);
      if (counts === undefined) {
        counts = new Map();
        this.#streams.set(bootId, counts);
      }
      counts.set(sequence, (counts.get(sequence) ?? 0) + 1);
    }
  }

  /** Those with the most streams first. */
  toWire(processesMax: number): MovedClients[] {
    return [...this.#streams]
      .map(([bootId, counts]) => ({ bootId, counts, total: totalOf(counts) }))
      .sort((a, b) => b.total - a.total)
      .slice(0, Math.min(LIMITS.reportedMovesMax, processesMax))
      .map(({ bootId, counts }) => ({ bootId, streams: sequenced(counts).toWire() }));
  }
}

function totalOf(counts: ReadonlyMap<number, number>): number {
  return [...counts.values()].reduce((sum, count) => sum + count, 0);
}

function sequenced(counts: ReadonlyMap<number, number>): SequencedStreams {
  const streams = new SequencedStreams();
  for (const [sequence, count] of [...counts].sort(([a], [b]) => a - b)) streams.add(sequence, count);
  return streams;
}
