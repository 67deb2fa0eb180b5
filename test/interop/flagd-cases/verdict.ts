// Whether two answers to one case are the same, or differ in one of the ways that we chose.

import type { JsonObject } from '@flagstream/engine';
import type { FlagdAnswer } from '../../conformance/flagd-resolver.ts';
import { canonicalText, sameJson } from '../../conformance/json-comparison.ts';
import type { FlagdGoAnswer } from '../support/flagd-go.ts';

export type Verdict =
  | 'same'
  /** A flag that flagd cannot decode makes it reject the document; we refuse that flag. */
  | 'flag refused for the document'
  /** A variant may have no name in flagd; here the flag is refused. */
  | 'variant without a name'
  | 'different';

export function verdictOf(theirs: FlagdGoAnswer, ours: FlagdAnswer): Verdict {
  if (theirs.rejected !== undefined) {
    if (ours.kind === 'rejected') return 'same';
    return ours.kind === 'refused' || ours.refusals > 0 ? 'flag refused for the document' : 'different';
  }
  if (ours.kind === 'refused' && ours.construct === 'variant without a name') return ours.construct;
  if (ours.kind !== 'outcome') return 'different';
  const isSame =
    sameJson(outcomeOf(theirs), ours.outcome) && sameJson(scalars(theirs.metadata ?? {}), ours.metadata);
  return isSame ? 'same' : 'different';
}

/** In the form of the conformance cases. */
export function outcomeOf(theirs: FlagdGoAnswer): JsonObject {
  if (theirs.rejected !== undefined) return { configurationRejected: true };
  const { reason, errorCode, variant, value } = theirs;
  return {
    reason,
    ...(errorCode !== undefined && { errorCode }),
    ...(variant !== undefined && { variant }),
    ...(value !== undefined && { value }),
  };
}

/** Lists and objects in metadata are dropped here: clients of flagd cannot read them. */
function scalars(metadata: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(metadata).filter(([, value]) => typeof value !== 'object'));
}

/** For the message of a failure. */
export function shownDifference(theirs: FlagdGoAnswer, ours: FlagdAnswer): string {
  return `flagd: ${canonicalText(theirs)}\nhere:  ${canonicalText(ours)}`;
}
