// What a split answers: by the evaluator, and by engines in clients, each way in which published ones divide subjects.

import { applyJsonLogic, type JsonValue } from '@flagstream/engine';
import { FlagSyncServiceClient } from '@flagstream/protocol/gen/flagd/sync/v1/sync';
import {
  EvaluateBatchRequest,
  EvaluationServiceClient,
} from '@flagstream/protocol/gen/flagstream/v1/evaluation';
import { credentials } from '@grpc/grpc-js';
import { callUnary } from '../../support/grpc-call.ts';
import { hold } from '../../support/resources.ts';

const DIALECTS = { v1: 'flagd-fractional-v1', v2: 'flagd', v3: 'flagd-fractional-v3' } as const;

/** The variants that our own service gives each key. */
export async function evaluatorAnswers(
  grpcPort: number,
  flagKey: string,
  keys: readonly string[],
): Promise<readonly (string | undefined)[]> {
  const own = new EvaluationServiceClient(`127.0.0.1:${grpcPort}`, credentials.createInsecure());
  hold({ what: 'our own client', release: () => own.close(), releaseNow: () => own.close() });
  const contexts = keys.map((targetingKey) => ({ targetingKey }));
  const request = EvaluateBatchRequest.fromPartial({ flagKeys: [flagKey], contexts });
  const { results } = await callUnary(own, own.evaluateBatch, request);
  return results.map(({ results: [result] }) => result?.variant);
}

/** The variants of each key, by the document that the evaluator sends. */
export async function engineAnswers(
  syncPort: number,
  version: keyof typeof DIALECTS,
  flagKey: string,
  keys: readonly string[],
): Promise<readonly JsonValue[]> {
  const client = new FlagSyncServiceClient(`127.0.0.1:${syncPort}`, credentials.createInsecure());
  hold({ what: 'our own client of sync', release: () => client.close(), releaseNow: () => client.close() });
  const { flagConfiguration } = await callUnary(client, client.fetchAllFlags, {
    providerId: '',
    selector: '',
  });
  const { flags } = JSON.parse(flagConfiguration) as { flags: Record<string, { targeting: JsonValue }> };
  const { targeting } = flags[flagKey]!;
  return keys.map((targetingKey) => {
    const context = { targetingKey, $flagd: { flagKey } };
    const outcome = applyJsonLogic(targeting, context, { flagKey, dialect: DIALECTS[version] });
    if (outcome.kind !== 'value') throw new Error(`${targetingKey}: ${JSON.stringify(outcome)}`);
    return outcome.value;
  });
}
