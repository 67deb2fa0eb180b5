import { recordCodec } from '@flagstream/protocol';
import { describe, it } from 'vitest';
import { MemoryStore } from './memory-store.ts';
import { STORE_CONTRACT } from './store-contract.fixture.ts';

describe('MemoryStore', () => {
  for (const { name, run } of STORE_CONTRACT)
    it(name, () => {
      run(new MemoryStore(recordCodec));
    });
});
