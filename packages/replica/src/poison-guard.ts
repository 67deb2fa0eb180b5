/**
 * Poison guard: a record that ends the process that applies it must not end it
 * at each start. Pure: the marker that it answers is kept by whoever drives it,
 * and must be with the operating system before the record is applied.
 *
 * A marker names the records that are being applied. A start that finds one
 * knows that the process died over them. The first time it goes on, one record
 * at a time, so that the next marker names the culprit; the second time it
 * stays before that record for good: it serves what came before. Deaths count
 * only while a record is applied, which is done in one go: a signal that is
 * handled falls before or behind it. A kill that cannot be handled and falls
 * into it, twice at one record, cannot be told from that record's doing.
 *
 * Frozen ends when a person removes the marker, or runs another release. A
 * snapshot that has passed the record does not end it: it holds what the record
 * wrote, and by then the head moves on between two starts, so that no marker
 * would ever be found twice.
 */
import { comparePositions, type Place } from './position.ts';

export interface PoisonMarker {
  /**
   * applying: written before a record is applied. suspect: the process died over
   * it before, and is not there again yet. frozen: it died over it twice.
   */
  readonly state: 'applying' | 'suspect' | 'frozen';
  readonly first: Place;
  readonly last: Place;
  /** Times that the process died over it. */
  readonly deaths: number;
  /** The release that died. */
  readonly release: string;
}

const DEATHS_MAX = 2;

export class PoisonGuard {
  readonly #release: string;
  /** Where the process died before, until it is passed. */
  #suspect: PoisonMarker | undefined;
  readonly #frozenBefore: Place | undefined;

  /**
   * @param found what the process before this one left
   * @param deathsMax at one place, before it is frozen
   */
  constructor(release: string, found: PoisonMarker | undefined, deathsMax: number = DEATHS_MAX) {
    this.#release = release;
    if (found === undefined || found.release !== release) return;
    const deaths = found.deaths + (found.state === 'applying' ? 1 : 0);
    const frozen = deaths >= deathsMax;
    this.#suspect = { ...found, state: frozen ? 'frozen' : 'suspect', deaths };
    if (frozen) this.#frozenBefore = found.first;
  }

  /** This place and all after it must not be applied. */
  get frozenBefore(): Place | undefined {
    return this.#frozenBefore;
  }

  /** Records must be applied, and marked, one at a time. */
  get oneByOne(): boolean {
    return this.#suspect !== undefined;
  }

  /** The marker to keep while nothing is applied; undefined: none. */
  get idle(): PoisonMarker | undefined {
    return this.#suspect;
  }

  /** The marker to keep while these are applied. */
  applying(first: Place, last: Place): PoisonMarker {
    const suspect = this.#suspect;
    const again =
      suspect !== undefined &&
      comparePositions(first, suspect.last) <= 0 &&
      comparePositions(last, suspect.first) >= 0;
    return { state: 'applying', first, last, deaths: again ? suspect.deaths : 0, release: this.#release };
  }

  /** All up to here are applied: what was suspected of this is cleared once its last record is. */
  applied(last: Place): void {
    const suspect = this.#suspect;
    if (suspect === undefined || suspect.state === 'frozen') return;
    if (comparePositions(last, suspect.last) >= 0) this.#suspect = undefined;
  }
}

/** The kept form: one line of text, so that a person can read it. */
export function formatMarker({ state, first, last, deaths, release }: PoisonMarker): string {
  return `${state}=${formatPlace(first)} last=${formatPlace(last)} deaths=${deaths} release=${release}`;
}

const MARKER = /^(applying|suspect|frozen)=(\d+)\.(\d+) last=(\d+)\.(\d+) deaths=(\d+) release=(\S*)\s*$/;

/** Undefined when nothing was being applied. @throws RangeError when it is not a marker */
export function parseMarker(text: string): PoisonMarker | undefined {
  if (text.trim() === '') return undefined;
  const found = MARKER.exec(text);
  if (found === null) throw new RangeError('not a marker');
  const [, state, ...rest] = found;
  const [epoch, revision, lastEpoch, lastRevision, deaths] = rest.slice(0, 5).map(Number) as [
    number,
    number,
    number,
    number,
    number,
  ];
  return {
    state: state as PoisonMarker['state'],
    first: { epoch, revision },
    last: { epoch: lastEpoch, revision: lastRevision },
    deaths,
    release: rest[5] ?? '',
  };
}

const formatPlace = ({ epoch, revision }: Place): string => `${epoch}.${revision}`;
