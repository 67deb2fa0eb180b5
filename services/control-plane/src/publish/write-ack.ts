/**
 * write_ack: shipped. A write is answered once NATS has it, too. When it does
 * not come to that, the answer says that the change is committed: a retry with
 * the same op_id finds it, and waits again.
 */
import { fail, LIMITS, recordCodec, revisionNumber } from '@flagstream/protocol';
import type { Revision } from '@flagstream/protocol/gen/flagstream/v1/model';
import { formatPosition } from '@flagstream/replica';
import type { Handler, ServiceBinding } from '@flagstream/runtime';
import { shownOperationId } from '../admin/operation-id.ts';
import type { AuditStore } from '../log/audit-store.ts';
import type { Shipper } from './shipper.ts';

/** The service, its writes answered when they are shipped. */
export function answerWhenShipped(
  binding: ServiceBinding,
  shipper: Pick<Shipper, 'whenShipped'>,
  store: AuditStore,
): ServiceBinding {
  const handlers = Object.entries(binding.handlers).map(([name, handler]): [string, Handler] => [
    name,
    binding.policy[name] === 'write' ? acknowledged(handler, shipper, store) : handler,
  ]);
  return { ...binding, handlers: Object.fromEntries(handlers) };
}

function acknowledged(handler: Handler, shipper: Pick<Shipper, 'whenShipped'>, store: AuditStore): Handler {
  if (handler.kind !== 'unary') return handler;
  return {
    kind: 'unary',
    invoke: async (request, context) => {
      const response = await handler.invoke(request, context);
      const { revision } = response as { readonly revision?: Revision };
      if (revision === undefined || (request as { readonly validateOnly?: boolean }).validateOnly === true)
        return response;
      const number = revisionNumber(revision.revision);
      if (await shipper.whenShipped(number, LIMITS.shipAckMs)) return response;
      throw notShipped(store, number);
    },
  };
}

function notShipped(store: AuditStore, revision: number): Error {
  const record = recordCodec.decodeRecord(store.recordAt(revision)!.bytes);
  const place = formatPosition(record);
  const opId = shownOperationId(record.opId);
  return fail(
    'NOT_SHIPPED',
    `the change is committed as ${place}, but not shipped: NATS did not confirm it within ${LIMITS.shipAckMs} ms; ` +
      `repeat the call with op_id "${opId}" to wait again`,
    { metadata: { outcome: 'committed', revision: place, opId } },
  );
}
