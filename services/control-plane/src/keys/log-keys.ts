/** The log's API keys as a ring that is up to date after each commit. */
import { ENTITY_KIND } from '@flagstream/replica';
import { KeyRing } from '@flagstream/runtime';
import type { ChangeLog } from '../log/change-log.ts';
import type { History } from '../log/history.ts';

export interface LogKeys {
  readonly ring: KeyRing;
  readonly stop: () => void;
}

export function logKeys(log: ChangeLog, history: History): LogKeys {
  const ring = new KeyRing();
  let known = log.head().revision;
  const query = { kind: ENTITY_KIND.key, limit: Number.MAX_SAFE_INTEGER };
  ring.replace(log.store.entities(query).map(({ change }) => change));
  const stop = log.onCommit(() => {
    for (const head = log.head().revision; known < head; known++)
      ring.apply(history.record(known + 1).changes.values());
  });
  return { ring, stop };
}
