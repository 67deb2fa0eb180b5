/**
 * Streams that a process's newest report counts and that have ended since:
 * their clients have come to other nodes, and say so there. A client is counted
 * once, where it is, also when the process died without a word. Pure.
 *
 * Holds true: never more than have ended. What is not certain (a stream that the
 * report may have been without already, one that it may have been made before)
 * is left counted: its client is owed for twice, and nobody is owed for too little.
 */
import type { EnvironmentReport, ReportedStreams } from '@flagstream/protocol/gen/flagstream/v1/fleet';
import { isBefore, type Place as Position } from '@flagstream/replica';

/**
 * @param counted the process's newest report of an environment
 * @param sequence of that report
 * @param told streams of the process that their clients have lost, as the nodes say where those are now
 */
export function streamsGone(
  { lost, clients }: EnvironmentReport,
  sequence: bigint,
  told: readonly ReportedStreams[],
): number {
  // A later report may be the first that counted it.
  const countedOnce = told
    .filter(({ lastSequence }) => lastSequence < sequence)
    .sort((a, b) => Number(b.firstSequence - a.firstSequence));
  let [open, most] = [0, 0];
  for (const { firstSequence: from, streams } of countedOnce) {
    // All of these were open after that report: this one has them, but for those that were lost in between.
    open += streams;
    most = Math.max(most, open - lostAfter(lost, from));
  }
  return Math.min(clients, most);
}

interface Known {
  /** The head of the log when it was known. */
  readonly head: Position;
  readonly streams: number;
}

/** Revisions that come while the clients of one process are on their way. */
const KNOWN_MAX = 16;

/** How many streams of one process were known to have ended, and when: their clients may have gone on, or ended, meanwhile. */
export class GoneStreams {
  /** By environment; oldest first, growing. */
  readonly #known = new Map<string, Known[]>();

  know(environment: EnvironmentReport, streams: number, head: Position): void {
    const known = this.#known.get(keyOf(environment)) ?? [];
    if (streams <= (known.at(-1)?.streams ?? 0)) return;
    this.#known.set(keyOf(environment), [...known, { head, streams }].slice(-KNOWN_MAX));
  }

  /** They had ended before the revision was committed, and so do not owe it. */
  before(environment: EnvironmentReport, target: Position): number {
    const known = this.#known.get(keyOf(environment)) ?? [];
    return known.findLast(({ head }) => isBefore(head, target))?.streams ?? 0;
  }

  ever(environment: EnvironmentReport): number {
    return this.#known.get(keyOf(environment))?.at(-1)?.streams ?? 0;
  }
}

function keyOf({ project, environment }: EnvironmentReport): string {
  return `${project}/${environment}`;
}

function lostAfter(lost: readonly ReportedStreams[], sequence: bigint): number {
  return lost.reduce((sum, { lastSequence, streams }) => (lastSequence > sequence ? sum + streams : sum), 0);
}
