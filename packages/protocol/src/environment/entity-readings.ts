/**
 * Entities' content as the engine reads it. Decoded once per content, however
 * many environments use it: content never changes, so what was read is kept as
 * long as the content is.
 */

import type { FlagConfigDefinition, FlagDefinition, SegmentDefinition } from '@flagstream/engine';
import { type EntityChange, hex } from '@flagstream/replica';
import { sha256 } from '../codec.ts';
import { flagConfigDefinition, flagDefinition, segmentDefinition, segmentMembers } from '../definitions.ts';
import { messageOf } from '../errors.ts';

/** What was read, or why it cannot be. */
export type Reading<T> =
  | { readonly kind: 'read'; readonly value: T }
  | { readonly kind: 'unreadable'; readonly detail: string };

export class EntityReadings {
  readonly flag: (change: EntityChange) => Reading<FlagDefinition> = remembering(({ content }) =>
    flagDefinition(content),
  );
  readonly flagConfig: (change: EntityChange) => Reading<FlagConfigDefinition> = remembering(({ content }) =>
    flagConfigDefinition(content),
  );
  readonly segment: (change: EntityChange) => Reading<SegmentDefinition> = remembering(({ content }) =>
    segmentDefinition(content),
  );
  /** Members held by a part, whose key is the hash of its content. */
  readonly members: (change: EntityChange) => Reading<readonly string[]> = remembering(({ key, content }) => {
    if (hex(sha256(content)) !== key) throw new Error('the content is not what its hash says');
    return segmentMembers(content);
  });
}

function remembering<T>(read: (change: EntityChange) => T): (change: EntityChange) => Reading<T> {
  const known = new WeakMap<EntityChange, Reading<T>>();
  return (change) => {
    let reading = known.get(change);
    if (reading === undefined) {
      reading = attempt(() => read(change));
      known.set(change, reading);
    }
    return reading;
  };
}

function attempt<T>(read: () => T): Reading<T> {
  try {
    return { kind: 'read', value: read() };
  } catch (error) {
    return { kind: 'unreadable', detail: messageOf(error) };
  }
}
