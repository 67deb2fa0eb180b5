/** Whether the control plane takes a flag of a flagd file: one that it would refuse takes all others with it. */
import { LIMITS } from '@flagstream/protocol';
import { ApplyChangeSetRequest } from '@flagstream/protocol/gen/flagstream/v1/admin';
import { Flag, FlagConfig } from '@flagstream/protocol/gen/flagstream/v1/model';
import type { FlagdFlag } from './read-flagd-text.ts';

/** Why it does not, one sentence; undefined: it does. */
export function fitProblem(flag: FlagdFlag): string | undefined {
  return sizeProblem(flag) ?? depthProblem(flag);
}

function sizeProblem({ flag, config }: FlagdFlag): string | undefined {
  const limit = LIMITS.entityBytesMax;
  const bytes = Math.max(Flag.encode(flag).finish().length, FlagConfig.encode(config).finish().length);
  return bytes <= limit ? undefined : `The flag has ${bytes} bytes, the limit is ${limit}.`;
}

/** A request that holds one flag that cannot be read is refused with all others. */
function depthProblem({ flag, config }: FlagdFlag): string | undefined {
  const request = ApplyChangeSetRequest.fromPartial({
    changes: [{ change: { $case: 'flag', value: flag } }, { change: { $case: 'flagConfig', value: config } }],
  });
  try {
    ApplyChangeSetRequest.decode(ApplyChangeSetRequest.encode(request).finish());
    return undefined;
  } catch {
    return 'It nests deeper than messages may: 100 levels, of which an operator in JSONLogic takes three to five.';
  }
}
