// The call that the unary suites measure: an evaluation among many flags, with its right answer.

import { isDeepStrictEqual } from 'node:util';
import {
  EvaluateRequest,
  EvaluateResponse,
  EvaluationServiceClient,
} from '@flagstream/protocol/gen/flagstream/v1/evaluation';
import { Flag, FlagConfig } from '@flagstream/protocol/gen/flagstream/v1/model';
import { type ChannelCredentials, credentials } from '@grpc/grpc-js';
import { type Admin, written } from '../../support/admin.ts';
import { callUnary } from '../../support/grpc-call.ts';
import { cpuTimeMissing } from './cpu-time.ts';
import { findH2load, type H2load } from './find-h2load.ts';

export const FLAGS = 100;
const FLAG_KEY = 'flag-42';
/** Freshness in an answer grows and shrinks by a few bytes. */
const ANSWER_SLACK_BYTES = 6;

export const MEASURED_REQUEST: EvaluateRequest = EvaluateRequest.fromPartial({
  flagKey: FLAG_KEY,
  context: { targetingKey: 'user-17', country: 'NL', plan: 'team', email: 'user-17@example.com', age: 34 },
});

export const REQUEST_BYTES: Uint8Array = EvaluateRequest.encode(MEASURED_REQUEST).finish();

/** Answers the last revision. */
export async function createFlags(admin: Admin): Promise<number> {
  let revision = 0;
  for (let index = 0; index < FLAGS; index++) {
    const created = await callUnary(admin.client, admin.client.createFlag, {
      parent: `projects/${admin.project}`,
      flagId: `flag-${index}`,
      flag: Flag.fromJSON({
        kind: 'FLAG_KIND_BOOLEAN',
        variants: [
          { key: 'on', value: true },
          { key: 'off', value: false },
        ],
        offVariant: 'off',
      }),
      configs: {
        [admin.environment]: FlagConfig.fromJSON({
          enabled: true,
          rules: [
            {
              id: 'nl',
              condition: { compare: { attribute: 'country', operator: 'equals', values: ['NL'] } },
              serve: {
                split: {
                  entries: [
                    { variant: 'on', weight: 50_000 },
                    { variant: 'off', weight: 50_000 },
                  ],
                },
              },
            },
          ],
          fallthrough: { variant: 'off' },
        }),
      },
      ...written('benchmark'),
    });
    revision = Number(created.revision?.revision);
  }
  return revision;
}

/**
 * One answer through grpc-js, once the evaluator has applied the revision.
 * @param channel plaintext when absent
 * @throws Error when the evaluator answers anything but what the flags say
 */
export async function checkedAnswer(
  port: number,
  revision: number,
  channel: ChannelCredentials = credentials.createInsecure(),
  headers: Readonly<Record<string, string>> = {},
): Promise<EvaluateResponse> {
  const client = new EvaluationServiceClient(`127.0.0.1:${port}`, channel, {
    // Of a certificate, when there is one: an address is no name.
    'grpc.ssl_target_name_override': 'localhost',
  });
  try {
    const ask = (request: EvaluateRequest): Promise<EvaluateResponse> =>
      callUnary(client, client.evaluate, request, headers);
    const answer = await ask({
      ...MEASURED_REQUEST,
      minRevision: { epoch: 1, revision: BigInt(revision), hash: new Uint8Array() },
    });
    const elsewhere = await ask({ ...MEASURED_REQUEST, context: { targetingKey: 'user-17', country: 'DE' } });
    const seen = {
      value: answer.value === (answer.variant === 'on'),
      ruleId: answer.ruleId,
      revision: Number(answer.revision),
      elsewhere: elsewhere.variant,
    };
    if (!isDeepStrictEqual(seen, { value: true, ruleId: 'nl', revision, elsewhere: 'off' }))
      throw new Error(`the evaluator answers wrongly: ${JSON.stringify(EvaluateResponse.toJSON(answer))}`);
    return answer;
  } finally {
    client.close();
  }
}

/** What the measuring needs, or what of it is missing here. */
export function measuringNeeds(): H2load | string {
  const missing = cpuTimeMissing();
  if (missing !== undefined) return missing;
  try {
    return findH2load();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** No right answer is shorter: an error is an answer without a message. */
export function leastBytes(answer: EvaluateResponse): number {
  return EvaluateResponse.encode(answer).finish().length - ANSWER_SLACK_BYTES;
}
