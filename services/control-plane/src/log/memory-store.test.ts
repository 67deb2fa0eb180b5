import { recordCodec } from '@flagstream/protocol';
import { RECENT_HASHES_MAX } from '@flagstream/replica';
import { describe, expect, it } from 'vitest';
import type { AuditStore } from './audit-store.ts';
import { MemoryStore } from './memory-store.ts';
import { entity, flagEntity, genesis } from './record.fixture.ts';
import { STORE_CONTRACT, type StoreHarness } from './store-contract.fixture.ts';
import { commit } from './store-story.fixture.ts';

const harness: StoreHarness = {
  another: () => new MemoryStore(recordCodec),
  restored: () => new MemoryStore(recordCodec, { restored: true }),
  // Nothing outlives the process but what others hold: the records.
  reopened(store: AuditStore): AuditStore {
    const again = new MemoryStore(recordCodec, { restored: store.restoredMark() });
    for (const row of store.readLog(0, store.head().revision))
      again.fold(recordCodec.decodeRecord(row.bytes));
    again.noteShippedEpoch(store.shippedEpoch());
    again.noteAnnouncedEpoch(store.announcedEpoch());
    return again;
  },
};

describe('MemoryStore', () => {
  for (const { name, run } of STORE_CONTRACT)
    it(name, () => {
      run(harness.another(), harness);
    });

  it('knows what was deleted for ever, beyond the window of what is told', () => {
    const store = harness.another();
    const id = flagEntity('a', '');
    store.fold(genesis());
    commit(store, flagEntity('a', '1'));
    const { revision } = commit(store, entity(id, '1', true));
    for (let n = 0; n <= RECENT_HASHES_MAX; n++) commit(store);
    expect(store.entity(id)).toMatchObject({ version: revision, change: { deleted: true } });
  });
});
