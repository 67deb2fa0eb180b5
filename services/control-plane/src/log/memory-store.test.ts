import { recordCodec } from '@flagstream/protocol';
import { describe, it } from 'vitest';
import type { AuditStore } from './audit-store.ts';
import { MemoryStore } from './memory-store.ts';
import { STORE_CONTRACT, type StoreHarness } from './store-contract.fixture.ts';

const harness: StoreHarness = {
  another: () => new MemoryStore(recordCodec),
  // Nothing outlives the process but what others hold: the records.
  reopened(store: AuditStore): AuditStore {
    const again = new MemoryStore(recordCodec, { restored: store.restoredMark() });
    for (const row of store.readLog(0, store.head().revision))
      again.fold(recordCodec.decodeRecord(row.bytes));
    again.noteShippedEpoch(store.shippedEpoch());
    return again;
  },
};

describe('MemoryStore', () => {
  for (const { name, run } of STORE_CONTRACT)
    it(name, () => {
      run(harness.another(), harness);
    });
});
