/** Plans as the control plane sees them: validated, applied, and its errors in the plan's words. */
import { FlagstreamError, fail } from '@flagstream/protocol';
import {
  ApplyChangeSetRequest,
  type ApplyChangeSetResponse,
  ChangeAction,
} from '@flagstream/protocol/gen/flagstream/v1/admin';
import type { AdminConnection } from '../connection/admin-connection.ts';
import type { WriteFields } from '../options/write-options.ts';
import type { PlannedChange } from './make-plan.ts';

/** The changes that really are some, with the action that each would be. Writes nothing. */
export async function checkPlan(
  admin: AdminConnection,
  plan: readonly PlannedChange[],
  write: WriteFields,
): Promise<readonly PlannedChange[]> {
  if (plan.length === 0) return [];
  const { outcomes } = await send(admin, plan, { ...write, validateOnly: true });
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
): Promise<ApplyChangeSetResponse> {
  return send(admin, plan, write);
}

async function send(
  admin: AdminConnection,
  plan: readonly PlannedChange[],
  write: WriteFields,
): Promise<ApplyChangeSetResponse> {
  const request = ApplyChangeSetRequest.fromPartial({ ...write, changes: plan.map(({ change }) => change) });
  try {
    return await admin.call(admin.client.applyChangeSet, request);
  } catch (error) {
    throw error instanceof FlagstreamError ? inPlanWords(error, plan) : error;
  }
}

/** "changes[3].flag_config.rules[0].id" says nothing to somebody who wrote a file. */
function inPlanWords(error: FlagstreamError, plan: readonly PlannedChange[]): FlagstreamError {
  const rewrite = (text: string): string =>
    text.replace(
      /changes\[(\d+)\](?:\.(?:project|environment|segment|flag_config|flag|archive)\b)?(\.)?/g,
      (all, index: string, more: string | undefined) => {
        const planned = plan[Number(index)];
        return planned === undefined ? all : `${planned.label}${more === undefined ? '' : ', '}`;
      },
    );
  return fail(error.reason, rewrite(error.message), {
    fields: error.fields.map((violation) => ({ ...violation, field: rewrite(violation.field) })),
    metadata: error.metadata,
    cause: error,
    ...(error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs }),
  });
}
