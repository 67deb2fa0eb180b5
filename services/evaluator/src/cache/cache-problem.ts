/** What is wrong with the cache: reported, counted, never thrown. A process without its cache serves on. */
import { messageOf } from '@flagstream/protocol';

export interface CacheProblem {
  readonly kind: CacheProblemKind;
  /** Name in the folder, or what was to be written; "" means the folder itself. */
  readonly file: string;
  readonly detail: string;
}

export type CacheProblemKind =
  /** Bytes are not what was written; what came before them is used. */
  | 'corrupt'
  /** The last write did not get through; what came before it is used. */
  | 'torn'
  /** It ended the process that loaded it, again and again; what is older is used. */
  | 'poison'
  /** Written by a newer release, for newer readers. */
  | 'newer-format'
  /** It is no copy of this log. */
  | 'other-log'
  /** The file system does not let us read. */
  | 'unreadable'
  /** The file system does not let us write; it is tried again. */
  | 'unwritable';

/** Thrown inside the cache, with what kind of problem it is. */
export class CacheFault extends Error {
  readonly kind: CacheProblemKind;

  constructor(kind: CacheProblemKind, detail: string) {
    super(detail);
    this.kind = kind;
  }
}

/** What a release says of a file that it does not know how to read. */
export function newerFormat(found: number, known: number): CacheFault {
  return new CacheFault('newer-format', `it has format ${found}, this release reads ${known}`);
}

export function problemOf(file: string, thrown: unknown, otherwise: CacheProblemKind): CacheProblem {
  const kind = thrown instanceof CacheFault ? thrown.kind : otherwise;
  return { kind, file, detail: messageOf(thrown) };
}
