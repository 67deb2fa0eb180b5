/**
 * Seeds: what a new log is given to start with, by ordinary revisions, each
 * once. Never touches what is there already.
 */
import type { Change } from '@flagstream/protocol/gen/flagstream/v1/admin';
import { applyEdit } from '../admin/change-methods.ts';
import type { Writes } from '../admin/writes.ts';
import type { AuditStore } from '../log/audit-store.ts';
import { SYSTEM_ACTOR } from '../log/change-log.ts';
import { baseChanges, demoChanges } from './demo-set.ts';

export interface SeedScope {
  readonly project: string;
  readonly environment: string;
}

export function seed(store: AuditStore, writes: Writes, kind: 'default' | 'demo', scope: SeedScope): void {
  const { project, environment } = scope;
  writeOnce(store, writes, 'seed-default', baseChanges(project, environment));
  if (kind === 'demo') writeOnce(store, writes, 'seed-demo', demoChanges(project, environment));
}

function writeOnce(store: AuditStore, writes: Writes, opId: string, changes: readonly Change[]): void {
  if (store.findOperation(opId) !== undefined) return;
  const edits = changes.map(applyEdit).filter(({ id }) => store.entity(id) === undefined);
  writes.perform({
    method: 'seed',
    requestJson: { opId },
    principal: SYSTEM_ACTOR,
    permit: () => undefined,
    opId,
    actor: '',
    comment: 'set up at first start',
    validateOnly: false,
    edits: () => edits,
    subjects: () => [],
  });
}
