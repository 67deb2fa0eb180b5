/** The part of a Store's contract that is about its notes: what is no part of the log. */
import assert from 'node:assert/strict';
import { genesis } from './record.fixture.ts';
import type { StoreCase } from './store-contract.fixture.ts';
import { commit, nextGenesis } from './store-story.fixture.ts';

export const NOTE_CONTRACT: readonly StoreCase[] = [
  {
    name: 'notes the newest epochs that NATS holds and followers know, and never an older one',
    run(store) {
      assert.equal(store.restoredMark(), false);
      assert.equal(store.shippedEpoch(), 0);
      store.noteShippedEpoch(2);
      store.noteShippedEpoch(1);
      assert.equal(store.shippedEpoch(), 2);
      assert.equal(store.announcedEpoch(), 0);
      store.noteAnnouncedEpoch(2);
      store.noteAnnouncedEpoch(1);
      assert.equal(store.announcedEpoch(), 2);
    },
  },
  {
    name: 'is a restored one until an epoch is begun, not until one is taken in',
    run(_, harness) {
      const store = harness.restored();
      store.fold(genesis());
      commit(store);
      store.fold(nextGenesis(store, 2));
      assert.equal(store.restoredMark(), true);
      store.begin(nextGenesis(store, 1002));
      assert.equal(store.restoredMark(), false);
      assert.equal(store.head().epoch, 1002);
      const again = harness.reopened(store);
      assert.equal(again.restoredMark(), false);
      assert.equal(again.head().epoch, 1002);
    },
  },
  {
    name: 'stays a restored one when the epoch could not be begun',
    run(_, harness) {
      const store = harness.restored();
      store.fold(genesis());
      const early = nextGenesis(store, 1001);
      commit(store);
      assert.throws(() => store.begin(early), /does not follow/);
      assert.equal(store.restoredMark(), true);
      assert.equal(harness.reopened(store).restoredMark(), true);
    },
  },
];
