/**
 * Flags of another system's file as a flag set for a plan. What the file cannot say of a flag (its owner, for example)
 * stays as people have written it here. Pure.
 */
import { Environment, type Flag, type FlagConfig } from '@flagstream/protocol/gen/flagstream/v1/model';
import type { FlagSet } from '../document/flag-set.ts';
import type { ProjectState } from '../plan/project-state.ts';
import type { FlagdFlag } from './read-flagd-text.ts';

export function importedSet(
  flags: ReadonlyMap<string, FlagdFlag>,
  current: ProjectState,
  environment: string,
): FlagSet {
  const isNew = !current.environments.has(environment);
  return {
    environments: new Map(isNew ? [[environment, Environment.fromPartial({})]] : []),
    segments: new Map(),
    flags: new Map([...flags].map(([key, { flag }]) => [key, refined(flag, current.flags.get(key))])),
    configs: new Map(
      [...flags].map(([key, { config }]): [string, ReadonlyMap<string, FlagConfig>] => [
        key,
        new Map([[environment, config]]),
      ]),
    ),
  };
}

function refined(imported: Flag, stored: Flag | undefined): Flag {
  if (stored === undefined) return imported;
  const { kind, variants, metadata, provenance } = imported;
  return { ...stored, kind, variants, metadata, provenance };
}
