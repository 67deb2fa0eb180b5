/** For tests: what Evaluate says of one flag for one context, to compare what else answers it with. */
import type { JsonObject } from '@flagstream/engine';
import { FlagstreamError } from '@flagstream/protocol';
import { ErrorCode, type EvaluationResult } from '@flagstream/protocol/gen/flagstream/v1/evaluation';
import type { FlagKind } from '@flagstream/protocol/gen/flagstream/v1/model';
import { expect } from 'vitest';
import { FLAG_KEYS } from '../../../../packages/engine/src/laws/vocabulary.fixture.ts';
import { call, type Started } from '../evaluator.fixture.ts';

/** Flags of random sets, one of the shop's, and one that is nowhere. */
export const ASKED: string[] = [...FLAG_KEYS, 'new-checkout', 'nowhere'];

/** An answer, or the message of the call's error. */
export type SingleAnswer =
  | Omit<EvaluationResult, 'flagKey' | 'errorCode' | 'errorMessage'>
  | { readonly errorMessage: string };

export async function singleAnswer(
  { client }: Started,
  flagKey: string,
  context: JsonObject,
  expectedKind: FlagKind = 0,
): Promise<SingleAnswer> {
  try {
    const request = { flagKey, context, expectedKind, allowStale: false };
    const { value, variant, reason, ruleId, kind, enabled } = await call(client, client.evaluate, request);
    return { value, variant, reason, ruleId, kind, enabled };
  } catch (error) {
    expect(error).toBeInstanceOf(FlagstreamError);
    return { errorMessage: (error as FlagstreamError).message };
  }
}

/** The same of one result among several. */
export function answerOfResult({
  errorCode,
  errorMessage,
  flagKey: _,
  ...answer
}: EvaluationResult): SingleAnswer {
  return errorCode === ErrorCode.UNSPECIFIED ? answer : { errorMessage };
}
