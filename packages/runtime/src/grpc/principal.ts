/**
 * Who is calling, and what they may do where. Every call passes one
 * Authenticate before its handler runs; what the principal says is the only
 * source of the project and environment that a call works on.
 */
import { fail, invalidField, isKey } from '@flagstream/protocol';
import type { Metadata } from '@grpc/grpc-js';

/**
 * What a call does. `health` needs no key; `inspect` is reflection; `log` is following the log as an evaluator does;
 * `administer` is keys, projects, environments and the care of the log.
 */
export type Verb =
  | 'evaluate'
  | 'explain'
  | 'sync'
  | 'log'
  | 'read'
  | 'write'
  | 'administer'
  | 'inspect'
  | 'health';

export const VERBS: readonly Verb[] = [
  'evaluate',
  'explain',
  'sync',
  'log',
  'read',
  'write',
  'administer',
  'inspect',
  'health',
];

/** Where something may be done. "" is everywhere: all projects, all environments of the project. */
export interface Place {
  readonly project: string;
  readonly environment: string;
}

export const EVERYWHERE: Place = { project: '', environment: '' };

export interface Grant extends Place {
  readonly verbs: ReadonlySet<Verb>;
  /** What its holder may let others do there by a key. Absent: the same verbs. */
  readonly passable?: ReadonlySet<Verb>;
}

export interface Principal {
  /** `keyless`: without a key, where that is meant for one environment; `anonymous`: without one otherwise. */
  readonly kind: 'anonymous' | 'keyless' | 'server' | 'client' | 'admin';
  /** Names the caller in the audit log. */
  readonly id: string;
  /** Where evaluations take place. */
  readonly project: string;
  readonly environment: string;
  /** What it may do at this door, at one place at least. */
  readonly verbs: ReadonlySet<Verb>;
  readonly grants: readonly Grant[];
}

/** The one door. `peer` is the remote address; throws FlagstreamError to refuse. */
export type Authenticate = (metadata: Metadata, peer: string) => Principal;

export const PROJECT_METADATA = 'flagstream-project';
export const ENVIRONMENT_METADATA = 'flagstream-environment';

/** Principals kept for reuse; metadata is the caller's, so the number must be bounded. */
const CACHED_PRINCIPALS = 1_000;

/** No header's value holds it: one that is empty is not one that is absent. */
const ABSENT = '\0';

/** Whether a grant covers all of a place. */
export function permits({ grants }: Principal, verb: Verb, place: Place): boolean {
  return grants.some((grant) => grant.verbs.has(verb) && covers(grant, place));
}

/** Whether a key with this verb at all of a place may be made by the principal. */
export function mayPassOn({ grants }: Pick<Principal, 'grants'>, verb: Verb, place: Place): boolean {
  return grants.some((grant) => (grant.passable ?? grant.verbs).has(verb) && covers(grant, place));
}

function covers(grant: Place, { project, environment }: Place): boolean {
  return (
    (grant.project === '' || grant.project === project) &&
    (grant.environment === '' || grant.environment === environment)
  );
}

/** Whether a grant lies in a project: what all of its environments share may be read from there. */
export function permitsWithin({ grants }: Principal, verb: Verb, project: string): boolean {
  return grants.some((grant) => grant.verbs.has(verb) && (grant.project === '' || grant.project === project));
}

/** @throws FlagstreamError PERMISSION_DENIED */
export function requirePermission(principal: Principal, verb: Verb, place: Place): void {
  if (!permits(principal, verb, place)) throw notPermitted(principal, verb, place);
}

/** The error of a caller who may not do this there. It tells no more than the caller has said. */
export function notPermitted({ kind, id }: Principal, verb: Verb, place: Place): Error {
  return fail('PERMISSION_DENIED', `${kind} "${id}" may not ${verb} ${placeWords(place)}`, {
    metadata: { verb },
  });
}

/** "everywhere", "in all of projects/p": for messages. */
export function placeWords({ project, environment }: Place): string {
  if (project === '') return 'everywhere';
  return environment === ''
    ? `in all of projects/${project}`
    : `in projects/${project}/environments/${environment}`;
}

/**
 * Trusts the caller: every verb, and the project and environment named in the
 * request metadata, else the defaults. For listeners on loopback without keys.
 */
export function loopbackPrincipal(defaults: {
  readonly project: string;
  readonly environment: string;
}): Authenticate {
  const verbs: ReadonlySet<Verb> = new Set(VERBS);
  const grants = [{ ...EVERYWHERE, verbs }];
  return metadataPrincipals(defaults, (place) => ({
    kind: 'anonymous',
    id: 'anonymous',
    ...place,
    verbs,
    grants,
  }));
}

/**
 * Those who show no key, bound to one environment: flagd's and OFREP's clients cannot show any. All share one account.
 * Who names another environment is refused.
 */
export function keylessPrincipal(place: Place, verbs: readonly Verb[]): Authenticate {
  const held: ReadonlySet<Verb> = new Set<Verb>(['health', ...verbs]);
  const principal: Principal = Object.freeze({
    kind: 'keyless',
    id: 'keyless',
    ...place,
    verbs: held,
    grants: [{ ...place, verbs: held }],
  });
  return (metadata) => {
    for (const [name, own] of [
      [PROJECT_METADATA, place.project],
      [ENVIRONMENT_METADATA, place.environment],
    ] as const) {
      const named = metadata.get(name)[0];
      if (named !== undefined && named !== own)
        throw fail('PERMISSION_DENIED', `without a key, metadata ${name} can only be "${own}"`);
    }
    return principal;
  };
}

/** One principal for each project and environment that callers name in their metadata. */
export function metadataPrincipals(
  defaults: Place,
  build: (place: Place) => Principal,
): (metadata: Metadata) => Principal {
  const standard = Object.freeze(build({ project: defaults.project, environment: defaults.environment }));
  const cached = new Map<string, Principal>();
  return (metadata) => {
    const project = metadata.get(PROJECT_METADATA)[0];
    const environment = metadata.get(ENVIRONMENT_METADATA)[0];
    if (project === undefined && environment === undefined) return standard;
    const cacheKey = `${String(project ?? ABSENT)}/${String(environment ?? ABSENT)}`;
    const known = cached.get(cacheKey);
    if (known !== undefined) return known;
    const place = {
      project: checkedKey(PROJECT_METADATA, project, defaults.project),
      environment: checkedKey(ENVIRONMENT_METADATA, environment, defaults.environment),
    };
    const principal = Object.freeze(build(place));
    if (cached.size < CACHED_PRINCIPALS) cached.set(cacheKey, principal);
    return principal;
  };
}

function checkedKey(name: string, value: string | Buffer | undefined, fallback: string): string {
  if (value === undefined) return fallback;
  if (typeof value === 'string' && isKey(value)) return value;
  throw invalidField(
    `metadata ${name}`,
    'must be 1 to 128 of a-z, 0-9, ".", "_" and "-", and start with a letter or digit',
  );
}
