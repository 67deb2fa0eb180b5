/** Revisions on the command line. */
import type { Revision } from '@flagstream/protocol/gen/flagstream/v1/model';
import { InvalidArgumentError, Option } from 'commander';

/** "e1.42", as writes print it, or "42" of whichever epoch; undefined for anything else. */
export function readRevisionToken(text: string): Revision | undefined {
  const match = /^(?:e([1-9]\d{0,9})\.)?(\d{1,16})$/.exec(text);
  if (match === null) return undefined;
  const [epoch, revision] = [Number(match[1] ?? 0), Number(match[2])];
  if (epoch > 0xffff_ffff || revision < 1 || !Number.isSafeInteger(revision)) return undefined;
  return { epoch, revision: BigInt(revision), hash: Buffer.alloc(0) };
}

/** `--min-rev`: what a write printed is in what is read. */
export function minRevisionOption(): Option {
  return new Option(
    '--min-rev <revision>',
    'wait until the server has this revision, as a write prints it: e1.42',
  ).argParser(requireRevisionToken);
}

/** `--rev`: the revision that is asked about. */
export function targetRevisionOption(): Option {
  return new Option('--rev <revision>', 'as a write prints it: e1.42; default: the newest').argParser(
    requireRevisionToken,
  );
}

function requireRevisionToken(text: string): Revision {
  const revision = readRevisionToken(text);
  if (revision !== undefined) return revision;
  throw new InvalidArgumentError('Give a revision such as e1.42, or 42 of whichever epoch.');
}

export interface MinRevisionOptions {
  readonly minRev?: Revision;
}

/** The field of a request that reads. */
export function minRevisionOf({ minRev }: MinRevisionOptions): { readonly minRevision?: Revision } {
  return minRev === undefined ? {} : { minRevision: minRev };
}

export function parseRevision(text: string): bigint {
  const revision = readRevisionToken(text);
  if (revision !== undefined && revision.epoch === 0) return revision.revision;
  throw new InvalidArgumentError('A revision is a whole number from 1; flagstream changes lists them.');
}

export interface RevisionRange {
  readonly from: bigint;
  /** 0: now. */
  readonly to: bigint;
}

/** "3..5", or "3.." up to now. */
export function parseRevisionRange(text: string): RevisionRange {
  const match = /^(\d+)\.\.(\d*)$/.exec(text);
  if (match === null) throw new InvalidArgumentError('Write FROM..TO, for example 3..5, or 3.. up to now.');
  return { from: parseRevision(match[1]!), to: match[2] === '' ? 0n : parseRevision(match[2]!) };
}

export function parseCount(text: string): number {
  const count = Number(text);
  if (/^\d+$/.test(text) && count >= 1 && Number.isSafeInteger(count)) return count;
  throw new InvalidArgumentError('Give a whole number from 1.');
}
