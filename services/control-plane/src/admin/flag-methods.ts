/** AdminService's methods on flags. */
import { flagConfigId, flagId, requireName } from '@flagstream/protocol';
import {
  ArchiveFlagRequest,
  type ArchiveFlagResponse,
  CreateFlagRequest,
  type CreateFlagResponse,
  type GetFlagRequest,
  type GetFlagResponse,
  type ListFlagsRequest,
  type ListFlagsResponse,
  UpdateFlagRequest,
  type UpdateFlagResponse,
} from '@flagstream/protocol/gen/flagstream/v1/admin';
import type { Flag } from '@flagstream/protocol/gen/flagstream/v1/model';
import { ENTITY_KIND } from '@flagstream/replica';
import { type Handler, unary } from '@flagstream/runtime';
import type { Edit } from '../commands/edit.ts';
import { boundedRead } from './bounded-read.ts';
import {
  type AdminParts,
  archiveEdit,
  createEdit,
  performOne,
  requireFlagKey,
  requireKey,
  updateEdit,
} from './collection-methods.ts';
import { revisionOf } from './present.ts';

export function flagMethods(parts: AdminParts): Readonly<Record<string, Handler>> {
  return {
    createFlag: unary<CreateFlagRequest, CreateFlagResponse>((request, context) => {
      const { project } = requireName('parent', request.parent, ENTITY_KIND.project);
      const id = flagId(project, requireFlagKey('flag_id', request.flagId));
      const edit = createEdit(id, 'flag', request.flag);
      const configs = Object.entries(request.configs).map(([environment, config]): Edit => {
        const path = `configs[${JSON.stringify(environment)}]`;
        const configId = flagConfigId(project, requireKey(path, environment), request.flagId);
        return { op: 'put', id: configId, path, message: { ...config, etag: '' } };
      });
      const done = performOne<Flag, CreateFlagRequest>(parts, CreateFlagRequest, request, context, [
        edit,
        ...configs,
      ]);
      return { flag: done.message, revision: done.revision };
    }),
    getFlag: boundedRead<GetFlagRequest, GetFlagResponse>(parts.wait, (request, { principal }) => {
      const found = parts.reads.for(principal).get<Flag>(ENTITY_KIND.flag, request.name, request.atRevision);
      return { flag: found.message, revision: revisionOf(found.position) };
    }),
    listFlags: boundedRead<ListFlagsRequest, ListFlagsResponse>(parts.wait, (request, { principal }) => {
      const reads = parts.reads.for(principal);
      const project = reads.requireProject(request.parent);
      const page = reads.list<Flag>(ENTITY_KIND.flag, project, request);
      return {
        flags: page.messages,
        nextPageToken: page.nextPageToken,
        revision: revisionOf(page.position),
      };
    }),
    updateFlag: unary<UpdateFlagRequest, UpdateFlagResponse>((request, context) => {
      const edit = updateEdit(ENTITY_KIND.flag, 'flag', request.flag, request.updateMask);
      const done = performOne<Flag, UpdateFlagRequest>(parts, UpdateFlagRequest, request, context, [edit]);
      return { flag: done.message, revision: done.revision };
    }),
    archiveFlag: unary<ArchiveFlagRequest, ArchiveFlagResponse>((request, context) => {
      const edit = archiveEdit(ENTITY_KIND.flag, request);
      const done = performOne<Flag, ArchiveFlagRequest>(parts, ArchiveFlagRequest, request, context, [edit]);
      return { flag: done.message, revision: done.revision };
    }),
  };
}
