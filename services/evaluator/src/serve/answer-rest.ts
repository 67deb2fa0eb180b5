/** What an answer says beside its results: of which state it is, and how old that can be. */
import type { Stamp } from './serving.ts';

export interface AnswerRest extends Stamp {
  readonly belowMinRevision: boolean;
}

/** Encodes it as one kind of answer has it. Answers of the same millisecond end alike, so the last one is kept. */
export function keptRest(encode: (rest: AnswerRest) => Uint8Array): (rest: AnswerRest) => Uint8Array {
  let last: { readonly rest: AnswerRest; readonly bytes: Uint8Array } | undefined;
  return (rest) => {
    if (last === undefined || !isSame(last.rest, rest)) last = { rest, bytes: encode(rest) };
    return last.bytes;
  };
}

function isSame(one: AnswerRest, other: AnswerRest): boolean {
  return (
    one.revision === other.revision &&
    one.epoch === other.epoch &&
    one.belowMinRevision === other.belowMinRevision &&
    one.freshness.stalenessMs === other.freshness.stalenessMs &&
    one.freshness.estimated === other.freshness.estimated &&
    one.freshness.source === other.freshness.source
  );
}
