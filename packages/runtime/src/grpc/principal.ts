/**
 * Who is calling. Every call passes one Authenticate before its handler runs;
 * what the principal says is the only source of the project and environment
 * that a call works on. API keys replace the loopback implementation later.
 */
import { invalidField, isKey } from '@flagstream/protocol';
import type { Metadata } from '@grpc/grpc-js';

/** What a caller may do. `inspect`: health and reflection. */
export type Verb = 'evaluate' | 'sync' | 'log' | 'read' | 'write' | 'inspect';

export const VERBS: readonly Verb[] = ['evaluate', 'sync', 'log', 'read', 'write', 'inspect'];

export interface Principal {
  readonly kind: 'anonymous' | 'server' | 'client' | 'admin';
  /** Names the caller in the audit log. */
  readonly id: string;
  readonly project: string;
  readonly environment: string;
  readonly verbs: ReadonlySet<Verb>;
}

/** The one door. `peer` is the remote address; throws FlagstreamError to refuse. */
export type Authenticate = (metadata: Metadata, peer: string) => Principal;

export const PROJECT_METADATA = 'flagstream-project';
export const ENVIRONMENT_METADATA = 'flagstream-environment';

/** Principals kept for reuse; metadata is the caller's, so the number must be bounded. */
const CACHED_PRINCIPALS = 1_000;

/**
 * Trusts the caller: every verb, and the project and environment named in the
 * request metadata, else the defaults. For listeners on loopback without keys.
 */
export function loopbackPrincipal(defaults: {
  readonly project: string;
  readonly environment: string;
}): Authenticate {
  const verbs: ReadonlySet<Verb> = new Set(VERBS);
  const build = (project: string, environment: string): Principal =>
    Object.freeze({ kind: 'anonymous', id: 'anonymous', project, environment, verbs });
  const standard = build(defaults.project, defaults.environment);
  const cached = new Map<string, Principal>();

  return (metadata) => {
    const project = metadata.get(PROJECT_METADATA)[0];
    const environment = metadata.get(ENVIRONMENT_METADATA)[0];
    if (project === undefined && environment === undefined) return standard;
    const cacheKey = `${String(project ?? '')}/${String(environment ?? '')}`;
    const known = cached.get(cacheKey);
    if (known !== undefined) return known;
    const principal = build(
      checkedKey(PROJECT_METADATA, project, defaults.project),
      checkedKey(ENVIRONMENT_METADATA, environment, defaults.environment),
    );
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
