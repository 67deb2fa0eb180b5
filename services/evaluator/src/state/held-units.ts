/**
 * Last good versions of entities in quarantine, as they outlive the process:
 * the log's state holds only the newest ones.
 */
import type { FlagUnit, SegmentUnit } from '@flagstream/engine';
import { type GoodUnits, unitId } from '@flagstream/protocol';
import { bytesEqual, type EnvironmentScope } from '@flagstream/replica';

export interface HeldUnit extends EnvironmentScope {
  readonly kind: 'flag' | 'segment';
  readonly unit: FlagUnit | SegmentUnit;
}

export interface HeldUnits {
  /** The log that they are of. */
  readonly logIdentity: Uint8Array;
  readonly units: readonly HeldUnit[];
}

/** Those of one environment, by unitId; none when they are of another log. */
export function heldIn(
  held: HeldUnits | undefined,
  logIdentity: Uint8Array,
  { project, environment }: EnvironmentScope,
): GoodUnits {
  const good = new Map<string, FlagUnit | SegmentUnit>();
  if (held === undefined || !bytesEqual(held.logIdentity, logIdentity)) return good;
  for (const entry of held.units)
    if (entry.project === project && entry.environment === environment)
      good.set(unitId(entry.kind, entry.unit.key), entry.unit);
  return good;
}
