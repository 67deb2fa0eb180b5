/**
 * Documents of our own format to the engine's units of one environment, filled
 * in as the control plane fills in what people write. Pure.
 */
import { withDefaultVariants, withRuleIds } from '@flagstream/control-plane/flag-defaults';
import type {
  FlagConfigDefinition,
  FlagDefinition,
  FlagUnit,
  SegmentDefinition,
  SegmentUnit,
} from '@flagstream/engine';
import { Flag, FlagConfig, Segment } from '@flagstream/protocol/gen/flagstream/v1/model';
import { type FlagSet, written } from '../document/flag-set.ts';
import { UsageError } from '../usage-error.ts';

export interface WantedEnvironment {
  /** Given on the command line: the file must have it. */
  readonly named: string | undefined;
  /** Of the person's surroundings: chosen if the file has several and this one among them. */
  readonly preferred: string | undefined;
}

/**
 * The environment to evaluate in; undefined when the set has none, and every
 * flag thus is off.
 * @throws UsageError when the file has not the one that is wanted, or several and none is
 */
export function chooseEnvironment(
  set: FlagSet,
  { named, preferred }: WantedEnvironment,
  file: string,
): string | undefined {
  const names = new Set(set.environments.keys());
  for (const configs of set.configs.values()) for (const name of configs.keys()) names.add(name);
  const list = [...names].sort().join(', ');
  if (named !== undefined) {
    if (names.has(named)) return named;
    throw new UsageError(
      `${file} has no environment ${named}`,
      list === '' ? 'It describes none.' : `It has: ${list}.`,
    );
  }
  if (names.size > 1 && preferred !== undefined && names.has(preferred)) return preferred;
  if (names.size > 1) throw new UsageError(`${file} has several environments`, `Name one with -e: ${list}.`);
  return [...names][0];
}

export function ownUnits(
  set: FlagSet,
  environment: string | undefined,
): { readonly flags: readonly FlagUnit[]; readonly segments: readonly SegmentUnit[] } {
  return {
    flags: [...set.flags].map(([key, flag]): FlagUnit => {
      const config = environment === undefined ? undefined : set.configs.get(key)?.get(environment);
      return {
        key,
        flag: Flag.toJSON(withDefaultVariants(flag)) as FlagDefinition,
        ...(config && { config: FlagConfig.toJSON(withRuleIds(config)) as FlagConfigDefinition }),
      };
    }),
    segments: [...set.segments].map(
      ([key, segment]): SegmentUnit => ({
        key,
        segment: Segment.toJSON(written.segment(segment)) as SegmentDefinition,
      }),
    ),
  };
}
