import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { recordCodec } from '@flagstream/protocol';
import { describe, expect, it } from 'vitest';
import { tempFolder } from '../temp-folder.fixture.ts';
import { genesis } from './record.fixture.ts';
import { SqliteStore } from './sqlite-store.ts';

describe('native objects', () => {
  it('of stores that are used and dropped survive the garbage collector (it aborts Node 24 otherwise)', () => {
    setFlagsFromString('--expose-gc');
    const collectGarbage = runInNewContext('gc') as () => void;
    for (let i = 0; i < 20; i++) {
      const store = new SqliteStore(join(tempFolder(), 'test.db'), recordCodec);
      store.fold(genesis());
      expect(store.head().revision).toBe(1);
      store.close();
    }
    for (let i = 0; i < 3; i++) collectGarbage();
  });
});
