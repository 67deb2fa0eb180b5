/** What answers to flagd's and OFREP's clients say about a flag: its own metadata over that of its set. */
import type { JsonObject } from '@flagstream/engine';
import { mergedMetadata } from '@flagstream/exporters';
import type { AnswerView } from '../serve/answer-view.ts';

/** Metadata that all flags share which a caller has selected. */
export function flagSetMetadata({ project, environment, selected }: AnswerView): JsonObject {
  return { flagSetId: `${project}/${environment}`, ...selected };
}

/** Never empty: clients of some languages fail without it. */
export function flagMetadata(view: AnswerView, flagKey: string): JsonObject {
  return mergedMetadata(flagSetMetadata(view), view.set.metadataOf(flagKey));
}
