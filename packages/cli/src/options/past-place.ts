/** Places in the log's past on the command line: a revision, an instant, or how long ago. */
import { parseInstant } from '@flagstream/engine';
import type { PastPlace } from '@flagstream/protocol/gen/flagstream/v1/history';
import { InvalidArgumentError } from 'commander';
import { readRevisionToken } from './revision.ts';

const UNIT_MS: Readonly<Record<string, number>> = {
  second: 1_000,
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
  week: 604_800_000,
};
const AGO = /^(\d{1,6}) (second|minute|hour|day|week)s? ago$/;

export const PAST_PLACE_FORM =
  'a revision (42, e1.42), an instant (2026-11-25T10:00:00Z) or how long ago ("2 hours ago")';

/** @param nowMs unix ms */
export function parsePastPlace(text: string, nowMs: number): PastPlace {
  const revision = readRevisionToken(text);
  if (revision !== undefined) return { place: { $case: 'revision', value: revision } };
  const instantMs = parseInstant(text) ?? instantAgo(text, nowMs);
  if (instantMs === undefined) throw new InvalidArgumentError(`Give ${PAST_PLACE_FORM}.`);
  const seconds = Math.floor(instantMs / 1000);
  const nanos = (instantMs - seconds * 1000) * 1_000_000;
  return { place: { $case: 'instant', value: { seconds: BigInt(seconds), nanos } } };
}

function instantAgo(text: string, nowMs: number): number | undefined {
  const match = AGO.exec(text.trim());
  if (match === null) return undefined;
  return nowMs - Number(match[1]) * UNIT_MS[match[2]!]!;
}
