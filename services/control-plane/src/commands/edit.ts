/**
 * Edits: what every write comes down to. A request becomes a list of edits;
 * they take effect together as one revision, or not at all.
 */
import type { ApiKey } from '@flagstream/protocol/gen/flagstream/v1/model';
import type { EntityChange, EntityId } from '@flagstream/replica';
import type { Message } from './resource.ts';

export type Edit = {
  readonly id: EntityId;
  /** Where the resource stands in the request, for errors: "flag" or "changes[3].flag". */
  readonly path: string;
} & (
  | { readonly op: 'create'; readonly message: Message }
  /** Replaces the named fields (property names). */
  | { readonly op: 'update'; readonly message: Message; readonly fields: readonly string[] }
  /** Creates, or replaces as a whole. */
  | { readonly op: 'put'; readonly message: Message }
  /** Becomes this whatever it was: also back in service, also a flag of another kind. For a truth outside the log. */
  | { readonly op: 'replace'; readonly message: Message }
  /** A non-empty etag must be the current one. */
  | { readonly op: 'archive'; readonly etag: string }
  /** What an API key becomes; throws where it may not. */
  | {
      readonly op: 'key';
      readonly next: (before: ApiKey | undefined) => ApiKey;
      /** A key may end where its project or environment is archived: it would live again with them. */
      readonly ends?: boolean;
    }
  /**
   * Back to a past state. `to` undefined: out of service again. `parts` are
   * those that the past state of a segment names.
   */
  | { readonly op: 'restore'; readonly to: EntityChange | undefined; readonly parts: readonly EntityChange[] }
);
