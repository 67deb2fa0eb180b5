/** The gate of a call, whichever port it came by: may its caller do this at all, and how often. */
import { fail } from '@flagstream/protocol';
import type { KeyQuota } from './key-quota.ts';
import type { Principal, Verb } from './principal.ts';

export interface AdmitOptions {
  readonly quota: KeyQuota;
  /** Names the method in a refusal. */
  readonly method: string;
  /** How a key is shown at this port. */
  readonly howToShowKey?: string;
}

/** @throws FlagstreamError UNAUTHENTICATED, PERMISSION_DENIED, OVERLOADED */
export function admitCaller(
  principal: Principal,
  verb: Verb,
  { quota, method, howToShowKey = 'metadata authorization: Bearer KEY' }: AdmitOptions,
): Principal {
  const { kind, id, verbs } = principal;
  if (!verbs.has(verb)) {
    if (kind === 'anonymous' || kind === 'keyless')
      throw fail('UNAUTHENTICATED', `no key: send ${howToShowKey}`);
    throw fail('PERMISSION_DENIED', `${kind} "${id}" may not ${verb}`, { metadata: { method, verb } });
  }
  if (kind !== 'anonymous') quota.takeCalls(id);
  return principal;
}
