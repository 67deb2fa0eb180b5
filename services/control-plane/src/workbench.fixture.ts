/**
 * Everything that decides about writes, in memory and with a clock that the
 * test holds, for tests that need no network.
 */
import { recordCodec } from '@flagstream/protocol';
import { ApplyChangeSetRequest, Change } from '@flagstream/protocol/gen/flagstream/v1/admin';
import type { Position } from '@flagstream/replica';
import { loopbackPrincipal, type Principal } from '@flagstream/runtime';
import { Metadata } from '@grpc/grpc-js';
import { Audit } from './admin/audit.ts';
import { applyEdit } from './admin/change-methods.ts';
import type { PermittedReads } from './admin/permitted-reads.ts';
import { Reads } from './admin/reads.ts';
import { type WriteFields, type WriteResult, Writes } from './admin/writes.ts';
import { CompiledSets } from './commands/compiled-sets.ts';
import type { Edit } from './commands/edit.ts';
import type { AuditStore } from './log/audit-store.ts';
import { ChangeLog } from './log/change-log.ts';
import { History } from './log/history.ts';
import { MemoryStore } from './log/memory-store.ts';
import { IDENTITY } from './log/record.fixture.ts';

/** A caller on loopback without a key: may do everything. */
export const ANYBODY: Principal = loopbackPrincipal({ project: 'p', environment: 'dev' })(
  new Metadata(),
  'test',
);

export class Workbench {
  nowMs = 1_700_000_000_000;
  readonly store: AuditStore;
  readonly log: ChangeLog;
  readonly history: History;
  readonly sets: CompiledSets = new CompiledSets();
  readonly writes: Writes;
  readonly reads: PermittedReads;
  readonly audit: Audit;
  #random = 0;

  constructor(store: AuditStore = new MemoryStore(recordCodec)) {
    this.store = store;
    const now = (): number => this.nowMs;
    this.log = new ChangeLog({ store, codec: recordCodec, now });
    this.log.begin(IDENTITY);
    this.history = new History(store, recordCodec);
    const randomBytes = (count: number): Uint8Array => {
      const bytes = Buffer.alloc(count);
      bytes.writeUInt32BE(this.#random++, count - 4);
      return bytes;
    };
    this.writes = new Writes({ log: this.log, history: this.history, sets: this.sets, now, randomBytes });
    const reads = new Reads(this.log, this.history);
    this.reads = reads.for(ANYBODY);
    this.audit = new Audit(this.log, this.history, reads);
  }

  get head(): Position {
    return this.log.head();
  }

  /** An apply of changes in proto JSON. */
  apply(changes: readonly object[], fields: Partial<WriteFields> = {}): WriteResult {
    const request = ApplyChangeSetRequest.create({
      ...writeFields(fields),
      changes: changes.map((change) => Change.fromJSON(change)),
    });
    return this.edit(request.changes.map(applyEdit), fields, ApplyChangeSetRequest.toJSON(request));
  }

  edit(edits: readonly Edit[], fields: Partial<WriteFields> = {}, requestJson: unknown = {}): WriteResult {
    return this.writes.perform({
      ...writeFields(fields),
      method: 'test',
      requestJson,
      principal: undefined,
      permit: () => undefined,
      edits: () => edits,
      subjects: () => edits.map((edit) => edit.id),
    });
  }

  /** What must not move when a write is refused. */
  fingerprint(): string {
    const { revision, hash } = this.head;
    return [
      revision,
      Buffer.from(hash).toString('hex'),
      Buffer.from(this.store.stateDigest()).toString('hex'),
    ].join(' ');
  }
}

function writeFields(fields: Partial<WriteFields>): WriteFields {
  return { opId: '', actor: 'tester', comment: '', validateOnly: false, ...fields };
}

/** Project p with environments dev and prod (protected). */
export const PROJECT: readonly object[] = [
  { project: { name: 'projects/p' } },
  { environment: { name: 'projects/p/environments/dev' } },
  { environment: { name: 'projects/p/environments/prod', protected: true } },
];

export const booleanFlag = (key: string, more: object = {}): object => ({
  flag: { name: `projects/p/flags/${key}`, kind: 'FLAG_KIND_BOOLEAN', ...more },
});

export const config = (key: string, more: object, environment = 'dev'): object => ({
  flagConfig: { name: `projects/p/environments/${environment}/flagConfigs/${key}`, ...more },
});

export const segment = (key: string, more: object): object => ({
  segment: { name: `projects/p/segments/${key}`, ...more },
});

export const archive = (name: string): object => ({ archive: name });

/** A serve that gives each variant its weight. */
export const split = (weights: Readonly<Record<string, number>>): object => ({
  split: { entries: Object.entries(weights).map(([variant, weight]) => ({ variant, weight })) },
});
