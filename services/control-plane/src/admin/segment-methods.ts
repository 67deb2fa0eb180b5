/** AdminService's methods on segments. */
import { requireName, segmentId } from '@flagstream/protocol';
import {
  ArchiveSegmentRequest,
  type ArchiveSegmentResponse,
  CreateSegmentRequest,
  type CreateSegmentResponse,
  type GetSegmentRequest,
  type GetSegmentResponse,
  type ListSegmentsRequest,
  type ListSegmentsResponse,
  UpdateSegmentRequest,
  type UpdateSegmentResponse,
} from '@flagstream/protocol/gen/flagstream/v1/admin';
import type { Segment } from '@flagstream/protocol/gen/flagstream/v1/model';
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

export function segmentMethods(parts: AdminParts): Readonly<Record<string, Handler>> {
  return {
    createSegment: unary<CreateSegmentRequest, CreateSegmentResponse>((request, context) => {
      const { project } = requireName('parent', request.parent, ENTITY_KIND.project);
      const id = segmentId(project, requireKey('segment_id', request.segmentId));
      const edit = createEdit(id, 'segment', request.segment);
      const done = performOne<Segment, CreateSegmentRequest>(parts, CreateSegmentRequest, request, context, [
        edit,
      ]);
      return { segment: done.message, revision: done.revision };
    }),
    getSegment: boundedRead<GetSegmentRequest, GetSegmentResponse>(parts.wait, (request, { principal }) => {
      const found = parts.reads
        .for(principal)
        .get<Segment>(ENTITY_KIND.segment, request.name, request.atRevision);
      return { segment: found.message, revision: revisionOf(found.position) };
    }),
    listSegments: boundedRead<ListSegmentsRequest, ListSegmentsResponse>(
      parts.wait,
      (request, { principal }) => {
        const reads = parts.reads.for(principal);
        const project = reads.requireProject(request.parent);
        const page = reads.list<Segment>(ENTITY_KIND.segment, project, request);
        return {
          segments: page.messages,
          nextPageToken: page.nextPageToken,
          revision: revisionOf(page.position),
        };
      },
    ),
    updateSegment: unary<UpdateSegmentRequest, UpdateSegmentResponse>((request, context) => {
      const edit = updateEdit(ENTITY_KIND.segment, 'segment', request.segment, request.updateMask);
      const done = performOne<Segment, UpdateSegmentRequest>(parts, UpdateSegmentRequest, request, context, [
        edit,
      ]);
      return { segment: done.message, revision: done.revision };
    }),
    archiveSegment: unary<ArchiveSegmentRequest, ArchiveSegmentResponse>((request, context) => {
      const edit = archiveEdit(ENTITY_KIND.segment, request);
      const done = performOne<Segment, ArchiveSegmentRequest>(
        parts,
        ArchiveSegmentRequest,
        request,
        context,
        [edit],
      );
      return { segment: done.message, revision: done.revision };
    }),
  };
}
