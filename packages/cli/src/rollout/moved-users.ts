/** How many users an edit of what is served moves. Pure. */
import {
  type FlagConfigDefinition,
  movedShare,
  type ServeDefinition,
  type SplitDefinition,
} from '@flagstream/engine';
import { FlagConfig } from '@flagstream/protocol/gen/flagstream/v1/model';
import { WHOLE_WEIGHT } from '../output/percent.ts';

/**
 * Share (0..1) of the users that get another variant by `after` than by
 * `before`. Undefined where one of them names no variants, as a fallthrough
 * does that leaves the answer to the caller.
 * @param ruleId rule whose users are meant; undefined: those of the fallthrough
 */
export function movedUsers(
  before: FlagConfig,
  after: FlagConfig,
  ruleId: string | undefined,
): number | undefined {
  const [was, is] = [serveOf(before, ruleId), serveOf(after, ruleId)];
  const gate = is?.split?.gate ?? was?.split?.gate;
  const [from, to] = [asSplit(was, gate), asSplit(is, gate)];
  return from && to && movedShare(from, to);
}

function serveOf(config: FlagConfig, ruleId: string | undefined): ServeDefinition | undefined {
  const { fallthrough, rules } = FlagConfig.toJSON(config) as FlagConfigDefinition;
  return ruleId === undefined ? fallthrough : rules?.find(({ id }) => id === ruleId)?.serve;
}

/** A single variant is the split in which it has everybody. */
function asSplit(
  serve: ServeDefinition | undefined,
  gate: SplitDefinition['gate'],
): SplitDefinition | undefined {
  if (serve?.variant === undefined) return serve?.split;
  return { ...(gate && { gate }), entries: [{ variant: serve.variant, weight: WHOLE_WEIGHT }] };
}
