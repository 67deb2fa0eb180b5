/** AdminService's methods on flag configurations, which exist for every flag and environment. */
import {
  type GetFlagConfigRequest,
  type GetFlagConfigResponse,
  type ListFlagConfigsRequest,
  type ListFlagConfigsResponse,
  UpdateFlagConfigRequest,
  type UpdateFlagConfigResponse,
} from '@flagstream/protocol/gen/flagstream/v1/admin';
import type { FlagConfig } from '@flagstream/protocol/gen/flagstream/v1/model';
import { ENTITY_KIND } from '@flagstream/replica';
import { type Handler, unary } from '@flagstream/runtime';
import { boundedRead } from './bounded-read.ts';
import { type AdminParts, performOne, updateEdit } from './collection-methods.ts';
import { revisionOf } from './present.ts';

export function flagConfigMethods(parts: AdminParts): Readonly<Record<string, Handler>> {
  return {
    getFlagConfig: boundedRead<GetFlagConfigRequest, GetFlagConfigResponse>(
      parts.wait,
      (request, { principal }) => {
        const found = parts.reads
          .for(principal)
          .get<FlagConfig>(ENTITY_KIND.flagConfig, request.name, request.atRevision);
        return { flagConfig: found.message, revision: revisionOf(found.position) };
      },
    ),
    listFlagConfigs: boundedRead<ListFlagConfigsRequest, ListFlagConfigsResponse>(
      parts.wait,
      (request, { principal }) => {
        const reads = parts.reads.for(principal);
        const environment = reads.requireEnvironment(request.parent);
        const page = reads.listConfigs<FlagConfig>(environment, request);
        return {
          flagConfigs: page.messages,
          nextPageToken: page.nextPageToken,
          revision: revisionOf(page.position),
        };
      },
    ),
    updateFlagConfig: unary<UpdateFlagConfigRequest, UpdateFlagConfigResponse>((request, context) => {
      const edit = updateEdit(ENTITY_KIND.flagConfig, 'flag_config', request.flagConfig, request.updateMask);
      const done = performOne<FlagConfig, UpdateFlagConfigRequest>(
        parts,
        UpdateFlagConfigRequest,
        request,
        context,
        [edit],
      );
      return { flagConfig: done.message, revision: done.revision };
    }),
  };
}
