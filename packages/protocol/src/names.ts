/**
 * Resource names (AIP-122) and the entities that they name.
 * projects/{p}, projects/{p}/environments/{e}, projects/{p}/flags/{f},
 * projects/{p}/segments/{s}, projects/{p}/environments/{e}/flagConfigs/{f};
 * API keys: keys/{k}, projects/{p}/environments/{e}/keys/{k}.
 */
import { ENTITY_KIND, type EntityId, type EntityKind } from '@flagstream/replica';
import { fail } from './errors.ts';
import { LIMITS } from './limits.ts';

/** Keys of projects, environments and segments. */
export const KEY_PATTERN: RegExp = /^[a-z0-9][a-z0-9._-]*$/;
/** Keys of flags: applications that come from another system go on to ask for "newCheckout". */
const FLAG_KEY_PATTERN: RegExp = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

export function isKey(text: string): boolean {
  return text.length <= LIMITS.keyLengthMax && KEY_PATTERN.test(text);
}

export function isFlagKey(text: string): boolean {
  return text.length <= LIMITS.keyLengthMax && FLAG_KEY_PATTERN.test(text);
}

/** Kinds whose resources are written as they are given. API keys have names too, but methods of their own. */
export type NamedKind = Exclude<EntityKind, typeof ENTITY_KIND.key | typeof ENTITY_KIND.part>;

const PATTERNS: ReadonlyMap<NamedKind, string> = new Map([
  [ENTITY_KIND.project, 'projects/{project}'],
  [ENTITY_KIND.environment, 'projects/{project}/environments/{environment}'],
  [ENTITY_KIND.flag, 'projects/{project}/flags/{flag}'],
  [ENTITY_KIND.flagConfig, 'projects/{project}/environments/{environment}/flagConfigs/{flag}'],
  [ENTITY_KIND.segment, 'projects/{project}/segments/{segment}'],
]);

/** The form that a kind's names have, for messages. */
export function namePattern(kind: NamedKind): string {
  return PATTERNS.get(kind)!;
}

/** The resource name of an entity. Throws RangeError for kinds without names. */
export function formatName(id: EntityId): string {
  switch (id.kind) {
    case ENTITY_KIND.project:
      return projectName(id.project);
    case ENTITY_KIND.environment:
      return environmentName(id.project, id.key);
    case ENTITY_KIND.flag:
      return flagName(id.project, id.key);
    case ENTITY_KIND.flagConfig:
      return flagConfigName(id.project, id.environment, id.key);
    case ENTITY_KIND.segment:
      return segmentName(id.project, id.key);
    case ENTITY_KIND.key:
      return id.environment === ''
        ? `keys/${id.key}`
        : `${environmentName(id.project, id.environment)}/keys/${id.key}`;
    default:
      throw new RangeError(`entities of kind ${id.kind} have no resource name`);
  }
}

export const projectName = (project: string): string => `projects/${project}`;
export const environmentName = (project: string, environment: string): string =>
  `projects/${project}/environments/${environment}`;
export const flagName = (project: string, flag: string): string => `projects/${project}/flags/${flag}`;
export const segmentName = (project: string, segment: string): string =>
  `projects/${project}/segments/${segment}`;
export const flagConfigName = (project: string, environment: string, flag: string): string =>
  `projects/${project}/environments/${environment}/flagConfigs/${flag}`;

export const projectId = (project: string): EntityId => id(ENTITY_KIND.project, project, '', project);
export const environmentId = (project: string, environment: string): EntityId =>
  id(ENTITY_KIND.environment, project, '', environment);
export const flagId = (project: string, flag: string): EntityId => id(ENTITY_KIND.flag, project, '', flag);
export const segmentId = (project: string, segment: string): EntityId =>
  id(ENTITY_KIND.segment, project, '', segment);
export const flagConfigId = (project: string, environment: string, flag: string): EntityId =>
  id(ENTITY_KIND.flagConfig, project, environment, flag);
/** `project` and `environment` are "" of admin keys. */
export const apiKeyId = (project: string, environment: string, key: string): EntityId =>
  id(ENTITY_KIND.key, project, environment, key);

function id(kind: EntityKind, project: string, environment: string, key: string): EntityId {
  return { kind, project, environment, key };
}

/** The entity that a resource name names, or undefined. */
export function parseName(name: string): EntityId | undefined {
  const parts = name.split('/');
  const [projects, project, collection, key, subCollection, subKey] = parts;
  if (projects !== 'projects' || project === undefined || !isKey(project)) return undefined;
  if (parts.length === 2) return projectId(project);
  if (key === undefined) return undefined;
  if (parts.length === 4 && collection === 'flags') return isFlagKey(key) ? flagId(project, key) : undefined;
  if (!isKey(key)) return undefined;
  if (parts.length === 4) {
    if (collection === 'environments') return environmentId(project, key);
    if (collection === 'segments') return segmentId(project, key);
    return undefined;
  }
  if (parts.length === 6 && collection === 'environments' && subCollection === 'flagConfigs')
    return subKey !== undefined && isFlagKey(subKey) ? flagConfigId(project, key, subKey) : undefined;
  return undefined;
}

/**
 * The API key that a request's field names.
 * @throws FlagstreamError INVALID_NAME naming the field and the forms.
 */
export function requireApiKeyName(field: string, name: string): EntityId {
  const parts = name.split('/');
  const key = parts.pop() ?? '';
  if (isKey(key)) {
    if (parts.length === 1 && parts[0] === 'keys') return apiKeyId('', '', key);
    const owner = parts.pop() === 'keys' ? parseName(parts.join('/')) : undefined;
    if (owner?.kind === ENTITY_KIND.environment) return apiKeyId(owner.project, owner.key, key);
  }
  const description = `must be keys/{key} or projects/{project}/environments/{environment}/keys/{key}, not ${JSON.stringify(name.slice(0, 200))}`;
  throw fail('INVALID_NAME', `${field}: ${description}`, { fields: [{ field, description }] });
}

/**
 * The entity of one kind that a request's field names.
 * @throws FlagstreamError INVALID_NAME naming the field and the form.
 */
export function requireName(field: string, name: string, kind: NamedKind): EntityId {
  const parsed = parseName(name);
  if (parsed !== undefined && parsed.kind === kind) return parsed;
  const description = `must be a name of the form ${namePattern(kind)}, not ${JSON.stringify(name.slice(0, 200))}`;
  throw fail('INVALID_NAME', `${field}: ${description}`, { fields: [{ field, description }] });
}
