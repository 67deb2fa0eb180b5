// Calls that a bare server answers.

import {
  ServiceService as FlagdService,
  ResolveBooleanResponse,
} from '@flagstream/protocol/gen/flagd/evaluation/v2/evaluation';
import {
  EvaluateResponse,
  EvaluationServiceService,
} from '@flagstream/protocol/gen/flagstream/v1/evaluation';

export const BARE_CALLS = {
  Evaluate: {
    definition: { evaluate: EvaluationServiceService.evaluate },
    answerOf: (json: unknown): unknown => EvaluateResponse.fromJSON(json),
  },
  ResolveBoolean: {
    definition: { resolveBoolean: FlagdService.resolveBoolean },
    answerOf: (json: unknown): unknown => ResolveBooleanResponse.fromJSON(json),
  },
} as const;

export type BareCall = keyof typeof BARE_CALLS;
