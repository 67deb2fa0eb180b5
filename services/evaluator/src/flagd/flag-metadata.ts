/** What answers to flagd's and OFREP's clients say about a flag: its own metadata over that of its set. */
import type { JsonObject } from '@flagstream/engine';
import type { AnswerView } from '../serve/answer-view.ts';

/** Metadata that all flags of an environment share. */
export function flagSetMetadata({ project, environment }: AnswerView): JsonObject {
  return { flagSetId: `${project}/${environment}` };
}

/** Never empty: clients of some languages fail without it. */
export function flagMetadata(view: AnswerView, flagKey: string): JsonObject {
  const own = view.set.metadataOf(flagKey);
  return own === undefined ? flagSetMetadata(view) : { ...flagSetMetadata(view), ...own };
}
