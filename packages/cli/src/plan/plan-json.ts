/** A planned change as JSON: flagstream.v1.EntityDiff without contents. */
import { EntityDiff } from '@flagstream/protocol/gen/flagstream/v1/admin';
import type { PlannedChange } from './make-plan.ts';

export function planJson({
  name,
  action,
  fields,
}: Pick<PlannedChange, 'name' | 'action' | 'fields'>): unknown {
  return EntityDiff.toJSON(EntityDiff.fromPartial({ name, action, fields: [...fields] }));
}
