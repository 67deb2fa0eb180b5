/**
 * One flag of a flagd document in the engine's terms: its state is the switch,
 * its targeting one rule, its default variant the fallthrough.
 *
 * Place on the path: after references were substituted. What holds: what
 * flagd's schema forbids and flagd takes nevertheless is taken too, with a
 * note; what flagd itself cannot decode refuses this flag alone.
 */
import type { FlagKind, JsonObject, JsonValue, VariantDefinition } from '@flagstream/engine';
import type { ImportedFlag } from '../import-report.ts';
import { isJsonObject, placeIn, wordFor } from '../json-shape.ts';
import { decodedMember, decodedPresentMember, undecodedMembers } from './decoded-member.ts';
import type { Obstacle } from './evaluators.ts';
import { mergeMetadata } from './metadata.ts';

/** The id of the rule that holds the targeting: answers carry it. */
const TARGETING_RULE = 'targeting';
const SYSTEM = 'flagd';
/** Of the schema, https://flagd.dev/schema/v0. */
const DOCUMENT_VERSION = 'v0';
const REFERENCE = 'flagd 0.16.1';
/** What flagd decodes of a flag; the key is its name, or a member where flags are a list. */
const MEMBERS = ['key', 'state', 'variants', 'defaultVariant', 'targeting', 'metadata', 'source'];
/** Of a member that is probably mistyped. */
export const UNREAD = 'is nothing that flagd reads: it changes no answer';
/** Answers null: targeting that is null leaves the decision to the default, and a rule cannot hold nothing. */
const ALWAYS_NULL: JsonValue = { if: [false, false] };

export interface FlagSetFacts {
  readonly metadata: JsonObject;
  /** Of the flags' expressions. */
  readonly dialect: string;
}

export type Note = (path: string, message: string) => void;

export type ReadFlag =
  | { readonly outcome: 'read'; readonly flag: ImportedFlag }
  | { readonly outcome: 'refused'; readonly obstacle: Obstacle }
  /** Such a flag makes flagd reject its document. */
  | { readonly outcome: 'rejected'; readonly path: string; readonly reason: string };

export function readFlag(
  key: string,
  flag: JsonObject,
  path: string,
  set: FlagSetFacts,
  note: Note,
): ReadFlag {
  const obstacle = findObstacle(flag, path);
  if (obstacle !== undefined) return { outcome: 'refused', obstacle };
  const variants = (decodedPresentMember(flag, 'variants') ?? {}) as JsonObject;
  const defaultVariant = (decodedPresentMember(flag, 'defaultVariant') ?? '') as string;
  if (defaultVariant !== '' && !Object.hasOwn(variants, defaultVariant))
    return {
      outcome: 'rejected',
      path: placeIn(path, 'defaultVariant'),
      reason: `The default variant "${defaultVariant}" is not a variant of the flag "${key}"; flagd rejects such a document.`,
    };
  for (const name of undecodedMembers(flag, MEMBERS)) note(placeIn(path, name), UNREAD);
  const targeting = targetingOf(flag);
  const metadata = metadataOf(flag, path, set, note);
  return {
    outcome: 'read',
    flag: {
      key,
      flag: {
        kind: kindOf(Object.values(variants), placeIn(path, 'variants'), note),
        variants: Object.entries(variants).map(([name, value]): VariantDefinition => ({ key: name, value })),
        ...(metadata && { metadata }),
        provenance: {
          system: SYSTEM,
          documentVersion: DOCUMENT_VERSION,
          dialects: targeting === undefined ? [] : [set.dialect],
          reference: REFERENCE,
        },
      },
      config: {
        enabled: isEnabled(flag, path, note),
        ...(targeting !== undefined && {
          rules: [{ id: TARGETING_RULE, serve: { jsonLogic: targeting } }],
          jsonLogicDialect: set.dialect,
        }),
        ...(defaultVariant !== '' && { fallthrough: { variant: defaultVariant } }),
      },
    },
  };
}

/** Members that flagd cannot decode, and names that we cannot hold. */
function findObstacle(flag: JsonObject, path: string): Obstacle | undefined {
  const state = decodedPresentMember(flag, 'state');
  const variants = decodedPresentMember(flag, 'variants');
  const defaultVariant = decodedPresentMember(flag, 'defaultVariant');
  const metadata = decodedPresentMember(flag, 'metadata');
  const wrong = (name: string, wanted: string, value: JsonValue): Obstacle => ({
    path: placeIn(path, name),
    construct: name,
    reason: `"${name}" must be ${wanted}, not ${wordFor(value)}; flagd cannot decode it.`,
  });
  if (state !== undefined && typeof state !== 'string') return wrong('state', 'a string', state);
  for (const name of ['key', 'source']) {
    const value = decodedPresentMember(flag, name);
    if (value !== undefined && typeof value !== 'string') return wrong(name, 'a string', value);
  }
  if (variants !== undefined && !isJsonObject(variants)) return wrong('variants', 'an object', variants);
  if (defaultVariant !== undefined && typeof defaultVariant !== 'string')
    return wrong('defaultVariant', 'a string or null', defaultVariant);
  if (metadata !== undefined && !isJsonObject(metadata)) return wrong('metadata', 'an object', metadata);
  if (variants === undefined || !Object.hasOwn(variants, '')) return undefined;
  return {
    path: placeIn(placeIn(path, 'variants'), ''),
    construct: 'variant without a name',
    reason: 'A variant needs a name.',
  };
}

/** flagd compares with DISABLED and takes every other state, also none, for enabled. */
function isEnabled(flag: JsonObject, path: string, note: Note): boolean {
  const state = decodedPresentMember(flag, 'state');
  if (state !== 'ENABLED' && state !== 'DISABLED')
    note(placeIn(path, 'state'), 'is neither ENABLED nor DISABLED: the flag is enabled, as in flagd');
  return state !== 'DISABLED';
}

/** Undefined: the flag has none. */
function targetingOf(flag: JsonObject): JsonValue | undefined {
  const targeting = decodedMember(flag, 'targeting');
  if (targeting === null) return ALWAYS_NULL;
  return isJsonObject(targeting) && Object.keys(targeting).length === 0 ? undefined : targeting;
}

/** Undefined when there is none. */
function metadataOf(flag: JsonObject, path: string, set: FlagSetFacts, note: Note): JsonObject | undefined {
  const own = decodedPresentMember(flag, 'metadata');
  const above = isJsonObject(own) ? own : {};
  const metadata = mergeMetadata(set.metadata, above, placeIn(path, 'metadata'), note);
  return Object.keys(metadata).length === 0 ? undefined : metadata;
}

/** The type that all variants have, else any. */
function kindOf(values: readonly JsonValue[], path: string, note: Note): FlagKind {
  const kinds = new Set(values.map(kindOfValue));
  const [kind] = kinds;
  if (kind === undefined) note(path, 'holds no variant: the flag has no value to give');
  else if (kinds.size > 1) note(path, 'are of different types');
  else if (kind === 'FLAG_KIND_ANY')
    note(path, 'are lists or null, which are none of the four types of flags');
  return kinds.size === 1 && kind !== undefined ? kind : 'FLAG_KIND_ANY';
}

function kindOfValue(value: JsonValue): FlagKind {
  switch (typeof value) {
    case 'boolean':
      return 'FLAG_KIND_BOOLEAN';
    case 'string':
      return 'FLAG_KIND_STRING';
    case 'number':
      return 'FLAG_KIND_NUMBER';
    default:
      return isJsonObject(value) ? 'FLAG_KIND_OBJECT' : 'FLAG_KIND_ANY';
  }
}
