/** What is said about an entity whose newest version is not in force. */
import type { Problem } from '@flagstream/engine';

/** An entity whose newest version is not in force, and why. */
export interface Quarantined {
  readonly entity: Problem['entity'];
  readonly key: string;
  readonly code: string;
  readonly path: string;
  readonly message: string;
  /** An older version serves; otherwise none does. */
  readonly serving: boolean;
}

/** Says why an entity is not in force, by unitId. */
export interface QuarantineLookup {
  get(id: string): Quarantined | undefined;
}

export type UnitKind = 'flag' | 'segment';

export const unitKindOf = (entity: Problem['entity']): UnitKind =>
  entity === 'segment' ? 'segment' : 'flag';

export function unreadable(kind: UnitKind, key: string, detail: string): Problem {
  const message = `This release cannot read it: ${detail}.`;
  return { code: 'UNREADABLE', entity: kind, key, path: '', message };
}
