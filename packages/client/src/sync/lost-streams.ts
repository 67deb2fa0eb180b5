/**
 * Streams that ended without our Bye: their nodes may count this client still,
 * above all a node that died. The next stream's Hello tells of them, so that
 * the client is counted once, where it is.
 *
 * Holds true: of a lost stream at most one other stream is told that answers.
 * Where both could have heard of it, neither speaks for it: it is owed for too
 * long rather than counted out twice, which would count out somebody else.
 */
import { LIMITS } from '@flagstream/protocol';
import type { ReportPlace } from '@flagstream/replica';

/** What is known of a stream, once it has ended or beside it. */
export interface ToldStream {
  /** Where its node counts it. */
  readonly place: ReportPlace | undefined;
  /** Told in its Hello. */
  readonly lostStreams: readonly ReportPlace[];
  /** Its node knows that this client knows of it. */
  readonly answered: boolean;
}

export class LostStreams {
  /** Oldest first. */
  #places: readonly ReportPlace[] = [];

  /** For the next Hello. `current` serves meanwhile, and may be asked to answer at any moment. */
  toTell(current: ToldStream | undefined): readonly ReportPlace[] {
    return this.#without(current?.lostStreams ?? []);
  }

  /** Without a Bye. */
  ended({ place, lostStreams, answered }: ToldStream): void {
    if (answered) this.#places = this.#without(lostStreams);
    if (place !== undefined) this.#places = [...this.#places, place].slice(-LIMITS.lostStreamsMax);
  }

  /** With a Bye. */
  left({ lostStreams }: ToldStream): void {
    this.#places = this.#without(lostStreams);
  }

  #without(places: readonly ReportPlace[]): readonly ReportPlace[] {
    return this.#places.filter((place) => !places.includes(place));
  }
}
