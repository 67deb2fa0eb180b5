/** A project as it is: everything that a flag set can describe, read at one revision. */
import { FlagstreamError, fail, segmentName } from '@flagstream/protocol';
import { GetSegmentRequest, ListProjectsRequest } from '@flagstream/protocol/gen/flagstream/v1/admin';
import type { Environment, Flag, FlagConfig, Segment } from '@flagstream/protocol/gen/flagstream/v1/model';
import type { AdminConnection } from '../connection/admin-connection.ts';
import {
  listEnvironments,
  listFlagConfigs,
  listFlags,
  listProjects,
  listSegments,
} from '../connection/admin-lists.ts';
import type { FlagSet } from '../document/flag-set.ts';
import { keyOfName } from '../output/flag-text.ts';

export interface ProjectState extends FlagSet {
  /** The project is there, in service. */
  readonly exists: boolean;
}

/** Etag of a configuration that was never written. */
const UNWRITTEN_ETAG = '0';
const ATTEMPTS = 5;

/**
 * Lists are read one after the other; a write between them makes this read
 * again.
 * @throws FlagstreamError OVERLOADED when the project changes all the time
 */
export async function readProject(admin: AdminConnection, project: string): Promise<ProjectState> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const before = await newestRevision(admin);
    const state = await readOnce(admin, project);
    if ((await newestRevision(admin)) === before) return state;
  }
  throw fail('OVERLOADED', `project ${project} changed while it was read, ${ATTEMPTS} times in a row`);
}

/** Configurations that were written at least once. */
export function isWritten(config: FlagConfig): boolean {
  return config.etag !== UNWRITTEN_ETAG;
}

async function readOnce(admin: AdminConnection, project: string): Promise<ProjectState> {
  const projects = await listProjects(admin);
  if (!projects.some(({ name }) => keyOfName(name) === project)) return EMPTY;
  const [environments, segments, flags] = await Promise.all([
    listEnvironments(admin, project),
    listSegments(admin, project),
    listFlags(admin, project),
  ]);
  const configs = new Map<string, Map<string, FlagConfig>>();
  for (const environment of environments.map(({ name }) => keyOfName(name))) {
    for (const config of await listFlagConfigs(admin, project, environment)) {
      const key = keyOfName(config.name);
      configs.set(key, (configs.get(key) ?? new Map<string, FlagConfig>()).set(environment, config));
    }
  }
  return {
    exists: true,
    environments: byKey<Environment>(environments),
    segments: byKey<Segment>(
      await Promise.all(segments.map((segment) => withMembers(admin, project, segment))),
    ),
    flags: byKey<Flag>(flags),
    configs,
  };
}

const EMPTY: ProjectState = {
  exists: false,
  environments: new Map(),
  segments: new Map(),
  flags: new Map(),
  configs: new Map(),
};

/** Lists leave long lists of members out. */
async function withMembers(admin: AdminConnection, project: string, segment: Segment): Promise<Segment> {
  if (segment.parts.length === 0) return segment;
  const name = segmentName(project, keyOfName(segment.name));
  const answer = await admin.call(admin.client.getSegment, GetSegmentRequest.fromPartial({ name }));
  return answer.segment ?? segment;
}

async function newestRevision(admin: AdminConnection): Promise<bigint | undefined> {
  const request = ListProjectsRequest.fromPartial({ pageSize: 1 });
  return (await admin.call(admin.client.listProjects, request)).revision?.revision;
}

function byKey<E extends { readonly name: string }>(entities: readonly E[]): Map<string, E> {
  return new Map(entities.map((entity) => [keyOfName(entity.name), entity]));
}

/** A segment whose members did not come with it cannot be written to a file. */
export function requireMembers(state: FlagSet): void {
  for (const [key, segment] of state.segments) {
    if (segment.parts.length === 0) continue;
    throw new FlagstreamError(
      'LIMIT_EXCEEDED',
      `segment ${key} has ${segment.memberCount} members, more than one answer of the control plane can hold`,
    );
  }
}
