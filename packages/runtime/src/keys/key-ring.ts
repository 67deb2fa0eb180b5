/**
 * The API keys of the log as they are at its newest folded revision: who shows
 * which secret, what they may do, until when. Pure; fed with KEY entities.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { endMsOf, type ParsedToken } from '@flagstream/protocol';
import { ApiKey, type KeyKind } from '@flagstream/protocol/gen/flagstream/v1/model';
import { ENTITY_KIND, type EntityChange } from '@flagstream/replica';
import type { Grant, Place } from '../grpc/principal.ts';
import { grantsOf } from './key-grants.ts';

export interface RingSecret {
  readonly sha256: Uint8Array;
  /** Unix ms; Infinity: never. */
  readonly expireMs: number;
}

export interface RingKey extends Place {
  readonly id: string;
  readonly kind: KeyKind;
  readonly grants: readonly Grant[];
  readonly secrets: readonly RingSecret[];
  readonly expireMs: number;
  readonly revoked: boolean;
}

/** Which key, by which of its secrets. */
export interface Credential {
  readonly key: RingKey;
  readonly secret: RingSecret;
}

export type KeyFault = 'unknown' | 'revoked' | 'expired';

export class KeyRing {
  #keys = new Map<string, RingKey>();
  readonly #listeners = new Set<() => void>();

  get size(): number {
    return this.#keys.size;
  }

  has(keyId: string): boolean {
    return this.#keys.has(keyId);
  }

  /** A key by its id, whether or not it still opens anything. */
  get(keyId: string): RingKey | undefined {
    return this.#keys.get(keyId);
  }

  /** Called after each change of a key. Returns how to stop. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Takes the keys among these as all that there are. */
  replace(changes: Iterable<EntityChange>): void {
    this.#keys = new Map();
    for (const change of changes) this.#take(change);
    this.#tell();
  }

  /** Takes the keys among these. */
  apply(changes: Iterable<EntityChange>): void {
    let touched = false;
    for (const change of changes) if (this.#take(change)) touched = true;
    if (touched) this.#tell();
  }

  /**
   * The credential that a token is. Only who has the secret is told that a key was revoked or has expired.
   * @param nowMs Unix ms
   */
  find({ keyId, kind, secret }: Omit<ParsedToken, 'environment'>, nowMs: number): Credential | KeyFault {
    const key = this.#keys.get(keyId);
    if (key === undefined || key.kind !== kind) return 'unknown';
    const shown = createHash('sha256').update(secret).digest();
    const known = key.secrets.find(
      ({ sha256 }) => sha256.length === shown.length && timingSafeEqual(sha256, shown),
    );
    if (known === undefined) return 'unknown';
    return faultOf(key, known, nowMs) ?? { key, secret: known };
  }

  /** What is wrong by now with a credential that was found before. */
  check({ key: { id }, secret }: Credential, nowMs: number): KeyFault | undefined {
    const key = this.#keys.get(id);
    const known = key?.secrets.find(({ sha256 }) => Buffer.compare(sha256, secret.sha256) === 0);
    if (key === undefined) return 'unknown';
    return known === undefined ? (key.revoked ? 'revoked' : 'expired') : faultOf(key, known, nowMs);
  }

  #take(change: EntityChange): boolean {
    if (change.kind !== ENTITY_KIND.key) return false;
    const key = ringKey(change);
    if (key === undefined) this.#keys.delete(change.key);
    else this.#keys.set(change.key, key);
    return true;
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}

function faultOf(key: RingKey, secret: RingSecret, nowMs: number): KeyFault | undefined {
  if (key.revoked) return 'revoked';
  return nowMs >= Math.min(key.expireMs, secret.expireMs) ? 'expired' : undefined;
}

/** Undefined for content that cannot be read: such a key opens nothing. */
function ringKey({ key: id, project, environment, content, deleted }: EntityChange): RingKey | undefined {
  let stored: ApiKey;
  try {
    stored = ApiKey.decode(content);
  } catch {
    return undefined;
  }
  const place = { project, environment };
  return {
    id,
    ...place,
    kind: stored.kind,
    grants: grantsOf(stored, place),
    secrets: stored.secrets.map(({ sha256, expireTime }) => ({ sha256, expireMs: endMsOf(expireTime) })),
    expireMs: endMsOf(stored.expireTime),
    revoked: deleted || stored.revokeTime !== undefined,
  };
}
