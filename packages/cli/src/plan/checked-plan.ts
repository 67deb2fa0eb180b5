/** Plans as the control plane sees them: validated, applied, and its errors in the plan's words. */
import { FlagstreamError, fail } from '@flagstream/protocol';
import {
  ApplyChangeSetRequest,
  type ApplyChangeSetResponse,
  ChangeAction,
} from '@flagstream/protocol/gen/flagstream/v1/admin';
import type { AdminConnection } from '../connection/admin-connection.ts';
import type { LoadedFiles } from '../document/load-documents.ts';
import type { WriteFields } from '../options/write-options.ts';
import type { PlannedChange } from './make-plan.ts';

/** Where a field of an entity is written; see LoadedFiles. */
export type PlaceOf = LoadedFiles['placeOf'];

/** The changes that really are some, with the action that each would be. Writes nothing. */
export async function checkPlan(
  admin: AdminConnection,
  plan: readonly PlannedChange[],
  write: WriteFields,
  placeOf: PlaceOf,
): Promise<readonly PlannedChange[]> {
  if (plan.length === 0) return [];
  const { outcomes } = await send(admin, plan, { ...write, validateOnly: true }, placeOf);
  return plan.flatMap((planned, i) => {
    const action = outcomes[i]?.action ?? planned.action;
    return action === ChangeAction.NONE ? [] : [{ ...planned, action }];
  });
}

/** All of the plan as one revision. */
export function applyPlan(
  admin: AdminConnection,
  plan: readonly PlannedChange[],
  write: WriteFields,
  placeOf: PlaceOf,
): Promise<ApplyChangeSetResponse> {
  return send(admin, plan, write, placeOf);
}

async function send(
  admin: AdminConnection,
  plan: readonly PlannedChange[],
  write: WriteFields,
  placeOf: PlaceOf,
): Promise<ApplyChangeSetResponse> {
  const request = ApplyChangeSetRequest.fromPartial({ ...write, changes: plan.map(({ change }) => change) });
  try {
    return await admin.call(admin.client.applyChangeSet, request);
  } catch (error) {
    throw error instanceof FlagstreamError ? inPlanWords(error, plan, placeOf) : error;
  }
}

/** "changes[3].flag_config.rules[0].id", with what follows the entity apart. */
const FIELD =
  /changes\[(\d+)\](?:\.(?:project|environment|segment|flag_config|flag|archive)\b)?(?:\.([\w[\]]+(?:\.[\w[\]]+)*))?/g;

/** The server's path says nothing to somebody who wrote a file: it becomes the place there, and the entity. */
export function inPlanWords(
  error: FlagstreamError,
  plan: readonly PlannedChange[],
  placeOf: PlaceOf,
): FlagstreamError {
  const rewrite = (text: string): string =>
    text.replace(FIELD, (all, index: string, path = '') => {
      const planned = plan[Number(index)];
      if (planned === undefined) return all;
      const place = placeOf(belowProject(planned.name), path);
      return [place === undefined ? '' : `${place}: `, planned.label, path === '' ? '' : `, ${path}`].join(
        '',
      );
    });
  return fail(error.reason, rewrite(error.message), {
    fields: error.fields.map((violation) => ({ ...violation, field: rewrite(violation.field) })),
    metadata: error.metadata,
    cause: error,
    ...(error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs }),
  });
}

/** "flags/checkout" of "projects/shop/flags/checkout". */
function belowProject(name: string): string {
  return name.split('/').slice(2).join('/');
}
