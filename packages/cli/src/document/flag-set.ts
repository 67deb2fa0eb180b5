/**
 * What files describe: the entities of one project, by key, free of where they
 * were written and of what only the server sets.
 */
import {
  environmentName,
  flagConfigName,
  flagName,
  isFlagKey,
  isKey,
  segmentName,
} from '@flagstream/protocol';
import type { FlagDocument } from '@flagstream/protocol/gen/flagstream/v1/document';
import type { Environment, Flag, FlagConfig, Segment } from '@flagstream/protocol/gen/flagstream/v1/model';
import { keyOfName } from '../output/flag-text.ts';
import { DOCUMENT_FORMAT } from './document-type.ts';

export interface FlagSet {
  readonly environments: ReadonlyMap<string, Environment>;
  readonly segments: ReadonlyMap<string, Segment>;
  readonly flags: ReadonlyMap<string, Flag>;
  /** By flag key, then by environment key. */
  readonly configs: ReadonlyMap<string, ReadonlyMap<string, FlagConfig>>;
}

/** The same entities with the names that they have in a project, as they are sent. */
export function inProject(set: FlagSet, project: string): FlagSet {
  return mapSet(set, {
    environment: (key) => environmentName(project, key),
    segment: (key) => segmentName(project, key),
    flag: (key) => flagName(project, key),
    config: (environment, key) => flagConfigName(project, environment, key),
  });
}

/** The set as a document: bare keys for names, sorted, nothing that the server sets. */
export function toDocument(set: FlagSet, project: string): FlagDocument {
  const bare = mapSet(set, {
    environment: (key) => key,
    segment: (key) => key,
    flag: (key) => key,
    config: () => '',
  });
  return {
    format: DOCUMENT_FORMAT,
    project,
    environments: sorted(bare.environments).map(([, environment]) => environment),
    segments: sorted(bare.segments).map(([, segment]) => segment),
    flags: sorted(bare.flags).map(([key, flag]) => ({
      flag,
      configs: Object.fromEntries(sorted(bare.configs.get(key) ?? new Map<string, FlagConfig>())),
    })),
  };
}

/** The key in a document's name: bare, or the last part of a resource name of the right form. */
export function keyInDocument(name: string, collection: string, project: string): string | undefined {
  const isKeyHere = collection === 'flags' ? isFlagKey : isKey;
  if (isKeyHere(name)) return name;
  const key = keyOfName(name);
  return isKeyHere(key) && name === `projects/${project}/${collection}/${key}` ? key : undefined;
}

/** Without the fields that only the server sets. */
export const written = {
  environment: (environment: Environment): Environment => ({
    ...environment,
    ...NO_TIMES,
    archiveTime: undefined,
  }),
  flag: (flag: Flag): Flag => ({ ...flag, ...NO_TIMES, archiveTime: undefined }),
  config: (config: FlagConfig): FlagConfig => ({ ...config, ...NO_TIMES }),
  segment: (segment: Segment): Segment => ({
    ...segment,
    ...NO_TIMES,
    archiveTime: undefined,
    memberCount: 0n,
    parts: [],
  }),
} as const;

const NO_TIMES = { etag: '', createTime: undefined, updateTime: undefined };

interface Naming {
  readonly environment: (key: string) => string;
  readonly segment: (key: string) => string;
  readonly flag: (key: string) => string;
  readonly config: (environment: string, key: string) => string;
}

function mapSet(set: FlagSet, naming: Naming): FlagSet {
  return {
    environments: mapValues(set.environments, (environment, key) => ({
      ...written.environment(environment),
      name: naming.environment(key),
    })),
    segments: mapValues(set.segments, (segment, key) => ({
      ...written.segment(segment),
      name: naming.segment(key),
    })),
    flags: mapValues(set.flags, (flag, key) => ({ ...written.flag(flag), name: naming.flag(key) })),
    configs: mapValues(set.configs, (configs, key) =>
      mapValues(configs, (config, environment) => ({
        ...written.config(config),
        name: naming.config(environment, key),
      })),
    ),
  };
}

function mapValues<V, W>(map: ReadonlyMap<string, V>, change: (value: V, key: string) => W): Map<string, W> {
  return new Map([...map].map(([key, value]) => [key, change(value, key)]));
}

function sorted<V>(map: ReadonlyMap<string, V>): [string, V][] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}
