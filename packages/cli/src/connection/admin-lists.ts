/** Whole lists of a project, and what one flag is everywhere. */

import { environmentName, projectName } from '@flagstream/protocol';
import {
  type ChangeLogEntry,
  ListChangesRequest,
  ListEnvironmentsRequest,
  ListFlagConfigsRequest,
  ListFlagsRequest,
  ListProjectsRequest,
  ListSegmentsRequest,
} from '@flagstream/protocol/gen/flagstream/v1/admin';
import type {
  Environment,
  Flag,
  FlagConfig,
  Project,
  Revision,
  Segment,
} from '@flagstream/protocol/gen/flagstream/v1/model';
import { type AdminConnection, readPages } from './admin-connection.ts';

/** How new what is read must be. */
export interface ReadBound {
  readonly minRevision?: Revision;
}

export function listProjects(admin: AdminConnection, showArchived = false): Promise<Project[]> {
  return readPages(async (pageToken, pageSize) => {
    const request = ListProjectsRequest.fromPartial({ pageSize, pageToken, showArchived });
    const { projects, nextPageToken } = await admin.call(admin.client.listProjects, request);
    return { items: projects, nextPageToken };
  });
}

export function listEnvironments(
  admin: AdminConnection,
  project: string,
  showArchived = false,
  bound: ReadBound = {},
): Promise<Environment[]> {
  const parent = projectName(project);
  return readPages(async (pageToken, pageSize) => {
    const request = ListEnvironmentsRequest.fromPartial({
      parent,
      pageSize,
      pageToken,
      showArchived,
      ...bound,
    });
    const { environments, nextPageToken } = await admin.call(admin.client.listEnvironments, request);
    return { items: environments, nextPageToken };
  });
}

export function listFlags(
  admin: AdminConnection,
  project: string,
  showArchived = false,
  bound: ReadBound = {},
): Promise<Flag[]> {
  const parent = projectName(project);
  return readPages(async (pageToken, pageSize) => {
    const request = ListFlagsRequest.fromPartial({ parent, pageSize, pageToken, showArchived, ...bound });
    const { flags, nextPageToken } = await admin.call(admin.client.listFlags, request);
    return { items: flags, nextPageToken };
  });
}

export function listSegments(
  admin: AdminConnection,
  project: string,
  showArchived = false,
): Promise<Segment[]> {
  const parent = projectName(project);
  return readPages(async (pageToken, pageSize) => {
    const request = ListSegmentsRequest.fromPartial({ parent, pageSize, pageToken, showArchived });
    const { segments, nextPageToken } = await admin.call(admin.client.listSegments, request);
    return { items: segments, nextPageToken };
  });
}

export function listFlagConfigs(
  admin: AdminConnection,
  project: string,
  environment: string,
  bound: ReadBound = {},
): Promise<FlagConfig[]> {
  const parent = environmentName(project, environment);
  return readPages(async (pageToken, pageSize) => {
    const request = ListFlagConfigsRequest.fromPartial({ parent, pageSize, pageToken, ...bound });
    const { flagConfigs, nextPageToken } = await admin.call(admin.client.listFlagConfigs, request);
    return { items: flagConfigs, nextPageToken };
  });
}

/** Newest first. */
export function listChanges(
  admin: AdminConnection,
  query: ReadBound & {
    readonly parent?: string;
    readonly name?: string;
    readonly afterRevision?: bigint;
    readonly includeContent?: boolean;
  },
  limit?: number,
): Promise<ChangeLogEntry[]> {
  return readPages(async (pageToken, pageSize) => {
    const request = ListChangesRequest.fromPartial({ ...query, pageSize, pageToken });
    const { entries, nextPageToken } = await admin.call(admin.client.listChanges, request);
    return { items: entries, nextPageToken };
  }, limit);
}
