/** Places in the past as requests name them, as revisions of this log. */
import { fail, invalidField, unixMsOf } from '@flagstream/protocol';
import type { PastPlace } from '@flagstream/protocol/gen/flagstream/v1/history';
import type { Revision } from '@flagstream/protocol/gen/flagstream/v1/model';
import { bytesEqual, formatPosition } from '@flagstream/replica';
import type { Reads } from '../admin/reads.ts';
import type { Pace } from './pace.ts';
import type { RecordTimes } from './record-times.ts';

/** A revision, and the instant that was asked for in its place. */
export interface ResolvedPlace {
  /** 0: before the first record. */
  readonly revision: number;
  /** Unix ms. */
  readonly instantMs?: number;
}

export class PastPlaces {
  readonly #reads: Reads;
  readonly #times: RecordTimes;

  constructor(reads: Reads, times: RecordTimes) {
    this.#reads = reads;
    this.#times = times;
  }

  /**
   * @param field path of the place in the request
   * @throws FlagstreamError INVALID_FIELD, REVISION_NOT_FOUND, REVISION_FORKED
   */
  async resolve(field: string, { place }: PastPlace, pace: Pace): Promise<ResolvedPlace> {
    switch (place?.$case) {
      case 'revision':
        return { revision: this.#checked(field, place.value) };
      case 'instant': {
        const instantMs = unixMsOf(place.value);
        if (Number.isNaN(new Date(instantMs).getTime()))
          throw invalidField(`${field}.instant`, 'is out of range');
        return { revision: (await this.#times.lastUntil(instantMs, pace)) ?? 0, instantMs };
      }
      default:
        throw invalidField(field, 'names neither revision nor instant');
    }
  }

  #checked(field: string, { epoch, revision, hash }: Revision): number {
    if (revision === 0n) throw invalidField(`${field}.revision.revision`, 'must be a revision, 1 or more');
    const own = this.#reads.positionAt(revision);
    const isOurs = (epoch === 0 || epoch === own.epoch) && (hash.length === 0 || bytesEqual(hash, own.hash));
    if (isOurs) return own.revision;
    const wanted = formatPosition({ epoch, revision: own.revision });
    throw fail(
      'REVISION_FORKED',
      `${field}: revision ${wanted} is forked: this log has ${formatPosition(own)}`,
      {
        metadata: { wanted, found: formatPosition(own) },
      },
    );
  }
}
