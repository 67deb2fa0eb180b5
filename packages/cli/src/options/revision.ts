/** Revisions on the command line. */
import { InvalidArgumentError } from 'commander';

export function parseRevision(text: string): bigint {
  if (/^\d{1,16}$/.test(text) && Number.isSafeInteger(Number(text)) && Number(text) > 0) return BigInt(text);
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
