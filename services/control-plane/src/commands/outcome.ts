/** What a change does to an entity, told from its states before and after. */
import { ChangeAction } from '@flagstream/protocol/gen/flagstream/v1/admin';
import type { EntityChange } from '@flagstream/replica';
import { sameState } from './draft.ts';

export function actionOf(before: EntityChange | undefined, after: EntityChange | undefined): ChangeAction {
  if (after === undefined || (before !== undefined && sameState(before, after))) return ChangeAction.NONE;
  if (after.deleted) return before === undefined || before.deleted ? ChangeAction.NONE : ChangeAction.ARCHIVE;
  return before === undefined || before.deleted ? ChangeAction.CREATE : ChangeAction.UPDATE;
}
