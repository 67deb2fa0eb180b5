/** AdminService's methods on environments. */
import { environmentId, requireName } from '@flagstream/protocol';
import {
  ArchiveEnvironmentRequest,
  type ArchiveEnvironmentResponse,
  CreateEnvironmentRequest,
  type CreateEnvironmentResponse,
  type GetEnvironmentRequest,
  type GetEnvironmentResponse,
  type ListEnvironmentsRequest,
  type ListEnvironmentsResponse,
  UpdateEnvironmentRequest,
  type UpdateEnvironmentResponse,
} from '@flagstream/protocol/gen/flagstream/v1/admin';
import type { Environment } from '@flagstream/protocol/gen/flagstream/v1/model';
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

export function environmentMethods(parts: AdminParts): Readonly<Record<string, Handler>> {
  return {
    createEnvironment: unary<CreateEnvironmentRequest, CreateEnvironmentResponse>((request, context) => {
      const { project } = requireName('parent', request.parent, ENTITY_KIND.project);
      const id = environmentId(project, requireKey('environment_id', request.environmentId));
      const edit = createEdit(id, 'environment', request.environment);
      const done = performOne<Environment, CreateEnvironmentRequest>(
        parts,
        CreateEnvironmentRequest,
        request,
        context,
        [edit],
      );
      return { environment: done.message, revision: done.revision };
    }),
    getEnvironment: boundedRead<GetEnvironmentRequest, GetEnvironmentResponse>(
      parts.wait,
      (request, { principal }) => {
        const found = parts.reads
          .for(principal)
          .get<Environment>(ENTITY_KIND.environment, request.name, request.atRevision);
        return { environment: found.message, revision: revisionOf(found.position) };
      },
    ),
    listEnvironments: boundedRead<ListEnvironmentsRequest, ListEnvironmentsResponse>(
      parts.wait,
      (request, { principal }) => {
        const reads = parts.reads.for(principal);
        const project = reads.requireProject(request.parent);
        const page = reads.list<Environment>(ENTITY_KIND.environment, project, request);
        return {
          environments: page.messages,
          nextPageToken: page.nextPageToken,
          revision: revisionOf(page.position),
        };
      },
    ),
    updateEnvironment: unary<UpdateEnvironmentRequest, UpdateEnvironmentResponse>((request, context) => {
      const edit = updateEdit(
        ENTITY_KIND.environment,
        'environment',
        request.environment,
        request.updateMask,
      );
      const done = performOne<Environment, UpdateEnvironmentRequest>(
        parts,
        UpdateEnvironmentRequest,
        request,
        context,
        [edit],
      );
      return { environment: done.message, revision: done.revision };
    }),
    archiveEnvironment: unary<ArchiveEnvironmentRequest, ArchiveEnvironmentResponse>((request, context) => {
      const edit = archiveEdit(ENTITY_KIND.environment, request);
      const done = performOne<Environment, ArchiveEnvironmentRequest>(
        parts,
        ArchiveEnvironmentRequest,
        request,
        context,
        [edit],
      );
      return { environment: done.message, revision: done.revision };
    }),
  };
}
