/**
 * The door with API keys: from a call's metadata to its principal, and later
 * whether that principal would still be let in.
 *
 * Holds true: the environment of a server or client key is the key's own,
 * whatever the metadata says; the secret is compared before anything about the
 * key is told.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { type FlagstreamError, fail, parseToken } from '@flagstream/protocol';
import { KeyKind } from '@flagstream/protocol/gen/flagstream/v1/model';
import type { Metadata } from '@grpc/grpc-js';
import {
  type Authenticate,
  ENVIRONMENT_METADATA,
  metadataPrincipals,
  type Place,
  PROJECT_METADATA,
  type Principal,
  permits,
  VERBS,
  type Verb,
} from '../grpc/principal.ts';
import type { Credential, KeyFault, KeyRing, RingKey, RingSecret } from './key-ring.ts';
import type { KeyUse } from './key-use.ts';

export interface KeyDoorOptions {
  readonly ring: KeyRing;
  /** Unix ms: expiry counts by it. */
  readonly now: () => number;
  readonly use: KeyUse;
  /** The keys are all there. Before, nobody can be told that a key is unknown. */
  readonly ready: () => boolean;
  /** Who comes without a key; undefined: they may only ask for health. */
  readonly anonymous: Authenticate | undefined;
  /** Where admin keys evaluate that name no other place in their metadata. */
  readonly defaults: Place;
  /**
   * `metadata`: calls take place in the environment that the metadata names, as an evaluator's do, and an admin key
   * may there what its roles give it there. `request`: requests name what they mean, and handlers ask.
   */
  readonly scope: 'metadata' | 'request';
}

const ANONYMOUS: Principal = Object.freeze({
  kind: 'anonymous',
  id: 'anonymous',
  project: '',
  environment: '',
  verbs: new Set<Verb>(['health']),
  grants: [],
});

const KIND: ReadonlyMap<KeyKind, 'server' | 'client' | 'admin'> = new Map([
  [KeyKind.SERVER, 'server'],
  [KeyKind.CLIENT, 'client'],
  [KeyKind.ADMIN, 'admin'],
]);

const FAULTS: Readonly<Record<KeyFault, string>> = {
  unknown: 'the key is not known here',
  revoked: 'the key was revoked',
  expired: 'the key has expired',
};

export class KeyDoor {
  readonly #options: KeyDoorOptions;
  /** Of each secret apart: one may run out while the other goes on. */
  readonly #principals = new WeakMap<RingSecret, (metadata: Metadata) => Principal>();
  readonly #credentials = new WeakMap<Principal, Credential>();

  constructor(options: KeyDoorOptions) {
    this.#options = options;
  }

  /** @throws FlagstreamError UNAUTHENTICATED, PERMISSION_DENIED, NOT_READY, INVALID_FIELD */
  readonly authenticate: Authenticate = (metadata, peer) => {
    const { ring, now, use, ready, anonymous } = this.#options;
    const authorization = metadata.get('authorization')[0];
    if (authorization === undefined) return anonymous === undefined ? ANONYMOUS : anonymous(metadata, peer);
    const token = parseToken(bearer(authorization));
    if (token === undefined) throw fail('UNAUTHENTICATED', 'the key is malformed: it was cut, or mistyped');
    const nowMs = now();
    const found = ring.find(token, nowMs);
    if (typeof found === 'string') {
      if (found === 'unknown' && !ready())
        throw fail('NOT_READY', 'the keys have not been loaded yet', { retryAfterMs: 1_000 });
      throw fail('UNAUTHENTICATED', FAULTS[found]);
    }
    use.note(found.key.id, nowMs);
    return this.#principal(found, metadata);
  };

  /**
   * Why a principal that was let in before would not be now; undefined: it would. Asked of who has a stream open,
   * which uses the key for as long as it lasts.
   */
  readonly check = (principal: Principal): FlagstreamError | undefined => {
    const { ring, use, now } = this.#options;
    const credential = this.#credentials.get(principal);
    if (credential === undefined) return undefined;
    const nowMs = now();
    const fault = ring.check(credential, nowMs);
    if (fault !== undefined) return fail('UNAUTHENTICATED', FAULTS[fault]);
    use.note(credential.key.id, nowMs);
    return undefined;
  };

  /**
   * Stands for the principal's key where a caller can send no header, as a browser's EventSource: for one purpose, and
   * for as long as the key is good. Every node knows it, as it is made of what the log holds. Undefined: no key was shown.
   */
  passFor(principal: Principal, purpose: string): string | undefined {
    const credential = this.#credentials.get(principal);
    if (credential === undefined) return undefined;
    return `${credential.key.id}.${seal(credential.secret, purpose).toString('base64url')}`;
  }

  /** @throws FlagstreamError UNAUTHENTICATED, PERMISSION_DENIED, NOT_READY, INVALID_FIELD */
  admitPass(pass: string, purpose: string, metadata: Metadata): Principal {
    const { ring, now, ready, use } = this.#options;
    const [keyId = '', sealed = ''] = pass.split('.', 2);
    const shown = Buffer.from(sealed, 'base64url');
    const key = ring.get(keyId);
    const secret = key?.secrets.find((each) => {
      const known = seal(each, purpose);
      return known.length === shown.length && timingSafeEqual(known, shown);
    });
    if (key === undefined || secret === undefined) {
      if (key === undefined && !ready())
        throw fail('NOT_READY', 'the keys have not been loaded yet', { retryAfterMs: 1_000 });
      throw fail('UNAUTHENTICATED', 'the pass is not good for this');
    }
    const credential = { key, secret };
    const nowMs = now();
    const fault = ring.check(credential, nowMs);
    if (fault !== undefined) throw fail('UNAUTHENTICATED', FAULTS[fault]);
    use.note(key.id, nowMs);
    return this.#principal(credential, metadata);
  }

  /** Called when a principal may have lost its right. Returns how to stop. */
  onChange(listener: () => void): () => void {
    return this.#options.ring.onChange(listener);
  }

  #principal(credential: Credential, metadata: Metadata): Principal {
    const { key, secret } = credential;
    let principals = this.#principals.get(secret);
    if (principals === undefined) {
      principals = this.#principalsOf(key);
      this.#principals.set(secret, principals);
    }
    const principal = principals(metadata);
    this.#credentials.set(principal, credential);
    return principal;
  }

  #principalsOf(key: RingKey): (metadata: Metadata) => Principal {
    const { defaults, scope } = this.#options;
    const { id, grants, project, environment } = key;
    const kind = KIND.get(key.kind);
    if (kind === undefined)
      throw fail('UNAUTHENTICATED', 'the key is of a kind that this release does not know');
    const all = new Set(grants.flatMap(({ verbs }) => [...verbs]));
    if (kind === 'admin') {
      const build = (place: Place): Principal => {
        const named: Principal = { kind, id, ...place, verbs: all, grants };
        const verbs =
          scope === 'request' ? all : new Set(VERBS.filter((verb) => permits(named, verb, place)));
        return { ...named, verbs };
      };
      return metadataPrincipals(defaults, build);
    }
    const own: Principal = Object.freeze({ kind, id, project, environment, verbs: all, grants });
    return (metadata) => {
      requireOwn(metadata, PROJECT_METADATA, project);
      requireOwn(metadata, ENVIRONMENT_METADATA, environment);
      return own;
    };
  }
}

/** The secret itself is kept nowhere, its hash by every node: by that a pass is known, and it tells nothing of the secret. */
function seal({ sha256 }: RingSecret, purpose: string): Buffer {
  return createHmac('sha256', sha256).update(purpose).digest();
}

/** Who names another environment than the key's would take its answers for that one's. */
function requireOwn(metadata: Metadata, name: string, own: string): void {
  const named = metadata.get(name)[0];
  if (named !== undefined && named !== own)
    throw fail('PERMISSION_DENIED', `metadata ${name} is not the key's own: leave it out`);
}

function bearer(authorization: string | Buffer): string {
  const [scheme = '', token = ''] = String(authorization).split(' ', 2);
  return scheme.toLowerCase() === 'bearer' ? token : '';
}
