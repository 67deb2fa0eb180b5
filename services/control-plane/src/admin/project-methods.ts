/** AdminService's methods on projects. */
import { projectId } from '@flagstream/protocol';
import {
  ArchiveProjectRequest,
  type ArchiveProjectResponse,
  CreateProjectRequest,
  type CreateProjectResponse,
  type GetProjectRequest,
  type GetProjectResponse,
  type ListProjectsRequest,
  type ListProjectsResponse,
  UpdateProjectRequest,
  type UpdateProjectResponse,
} from '@flagstream/protocol/gen/flagstream/v1/admin';
import type { Project } from '@flagstream/protocol/gen/flagstream/v1/model';
import { ENTITY_KIND } from '@flagstream/replica';
import { type Handler, unary } from '@flagstream/runtime';
import { boundedRead } from './bounded-read.ts';
import {
  type AdminParts,
  archiveEdit,
  createEdit,
  performOne,
  requireKey,
  updateEdit,
} from './collection-methods.ts';
import { revisionOf } from './present.ts';

export function projectMethods(parts: AdminParts): Readonly<Record<string, Handler>> {
  return {
    createProject: unary<CreateProjectRequest, CreateProjectResponse>((request, context) => {
      const id = projectId(requireKey('project_id', request.projectId));
      const edit = createEdit(id, 'project', request.project);
      const done = performOne<Project, CreateProjectRequest>(parts, CreateProjectRequest, request, context, [
        edit,
      ]);
      return { project: done.message, revision: done.revision };
    }),
    getProject: boundedRead<GetProjectRequest, GetProjectResponse>(parts.wait, (request, { principal }) => {
      const found = parts.reads
        .for(principal)
        .get<Project>(ENTITY_KIND.project, request.name, request.atRevision);
      return { project: found.message, revision: revisionOf(found.position) };
    }),
    listProjects: boundedRead<ListProjectsRequest, ListProjectsResponse>(
      parts.wait,
      (request, { principal }) => {
        const page = parts.reads.for(principal).list<Project>(ENTITY_KIND.project, undefined, request);
        return {
          projects: page.messages,
          nextPageToken: page.nextPageToken,
          revision: revisionOf(page.position),
        };
      },
    ),
    updateProject: unary<UpdateProjectRequest, UpdateProjectResponse>((request, context) => {
      const edit = updateEdit(ENTITY_KIND.project, 'project', request.project, request.updateMask);
      const done = performOne<Project, UpdateProjectRequest>(parts, UpdateProjectRequest, request, context, [
        edit,
      ]);
      return { project: done.message, revision: done.revision };
    }),
    archiveProject: unary<ArchiveProjectRequest, ArchiveProjectResponse>((request, context) => {
      const edit = archiveEdit(ENTITY_KIND.project, request);
      const done = performOne<Project, ArchiveProjectRequest>(
        parts,
        ArchiveProjectRequest,
        request,
        context,
        [edit],
      );
      return { project: done.message, revision: done.revision };
    }),
  };
}
