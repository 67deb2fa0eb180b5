/** The log's API keys as a ring that is up to date after each commit. */
import { ENTITY_KIND } from '@flagstream/replica';
import { KeyRing } from '@flagstream/runtime';
import type { ChangeLog } from '../log/change-log.ts';

export interface LogKeys {
  readonly ring: KeyRing;
  readonly stop: () => void;
}

export function logKeys(log: ChangeLog): LogKeys {
  const ring = new KeyRing();
  const query = { kind: ENTITY_KIND.key, limit: Number.MAX_SAFE_INTEGER };
  ring.replace(log.store.entities(query).map(({ change }) => change));
  // A key stands in a record of its own, never in the parts of a large set.
  const stop = log.onCommit((records) => {
    for (const { changes } of records) ring.apply(changes);
  });
  return { ring, stop };
}
