/**
 * Which flags a caller of flagd's contracts means: `flagd-selector`, one `key=value`. A flag set of ours is an
 * environment, `flagSetId=project/environment`; flags that came from flagd's documents may name a set of their own in
 * their metadata, and flags that are served from a file belong to that source.
 */
import type { JsonObject } from '@flagstream/engine';
import { invalidField, isKey } from '@flagstream/protocol';
import { type Principal, requirePermission, type Verb } from '@flagstream/runtime';
import type { Metadata } from '@grpc/grpc-js';

export const SELECTOR_METADATA = 'flagd-selector';
export const FLAG_SET_ID = 'flagSetId';
export const SOURCE = 'source';
/** A path of a file, and what stands around it. */
const SELECTOR_LENGTH_MAX = 4_200;

/** What a selector leaves of the caller's environment, or the other environment that it names. */
export type Selector =
  | { readonly kind: 'everything' }
  | { readonly kind: 'environment'; readonly project: string; readonly environment: string }
  /** Flags whose own metadata names this set; "": those that name none. */
  | { readonly kind: 'flagSet'; readonly flagSetId: string }
  /** The file that flags are served from. */
  | { readonly kind: 'source'; readonly source: string };

const EVERYTHING: Selector = { kind: 'everything' };

/**
 * @param field where it stands
 * @throws FlagstreamError INVALID_FIELD
 */
export function parseSelector(text: string, field: string): Selector {
  if (text === '') return EVERYTHING;
  if (text.length > SELECTOR_LENGTH_MAX)
    throw invalidField(field, `is longer than ${SELECTOR_LENGTH_MAX} characters`);
  const at = text.indexOf('=');
  const key = at < 0 ? SOURCE : text.slice(0, at);
  const value = text.slice(at + 1);
  if (key === SOURCE) return { kind: 'source', source: value };
  if (key !== FLAG_SET_ID)
    throw invalidField(field, `must select by ${FLAG_SET_ID} or ${SOURCE}, not by "${key}"`);
  const [project = '', environment = '', ...more] = value.split('/');
  return isKey(project) && isKey(environment) && more.length === 0
    ? { kind: 'environment', project, environment }
    : { kind: 'flagSet', flagSetId: value };
}

/** The selector of a call: its header comes before what its request says. */
export function selectorOf(metadata: Metadata, inRequest = ''): Selector {
  const [header] = metadata.get(SELECTOR_METADATA);
  return header === undefined || header === ''
    ? parseSelector(inRequest, 'selector')
    : parseSelector(String(header), SELECTOR_METADATA);
}

/**
 * The caller, at the environment that is selected.
 * @throws FlagstreamError PERMISSION_DENIED
 */
export function atSelected(principal: Principal, selector: Selector, verb: Verb = 'evaluate'): Principal {
  if (selector.kind !== 'environment') return principal;
  const { project, environment } = selector;
  if (principal.project === project && principal.environment === environment) return principal;
  requirePermission(principal, verb, { project, environment });
  return { ...principal, project, environment };
}

/** What a selector goes by. */
export interface FlagOrigin {
  readonly metadata: JsonObject | undefined;
  /** The file that the flag is served from. */
  readonly source: string | undefined;
}

/** As in flagd, what is no text is none: "". */
export function flagSetOf(metadata: JsonObject | undefined): string {
  const flagSetId = metadata?.[FLAG_SET_ID];
  return typeof flagSetId === 'string' ? flagSetId : '';
}

/** Whether a flag of the environment is selected. */
export function selects(selector: Selector, { metadata, source }: FlagOrigin): boolean {
  switch (selector.kind) {
    case 'everything':
    case 'environment':
      return true;
    case 'flagSet':
      return flagSetOf(metadata) === selector.flagSetId;
    case 'source':
      return (source ?? '') === selector.source;
  }
}

/** Two of the same words select the same. */
export function selectorWord(selector: Selector): string {
  switch (selector.kind) {
    case 'everything':
    case 'environment':
      return '';
    case 'flagSet':
      return `${FLAG_SET_ID}=${selector.flagSetId}`;
    case 'source':
      return `${SOURCE}=${selector.source}`;
  }
}
