/**
 * The settings of a zod schema: each leaf of nested objects is one setting with
 * one name per source. nats.url <-> --nats-url <-> FLAGSTREAM_NATS_URL.
 * Pure: reads the schema only.
 */
import * as z from 'zod';

export type SettingType = 'string' | 'number' | 'integer' | 'boolean' | 'list' | 'enum' | 'json';

export interface Setting {
  /** Names of the nested objects and of the leaf, as in the schema. */
  readonly path: readonly string[];
  /** In files: `nats.url`. */
  readonly key: string;
  /** `FLAGSTREAM_NATS_URL`. */
  readonly env: string;
  /** `--nats-url`. */
  readonly flag: string;
  readonly type: SettingType;
  /** Allowed values of an enum. */
  readonly values?: readonly string[];
  readonly default?: unknown;
  readonly description: string;
  /** Never printed, and may come from a file: `--nats-password-file`, `..._FILE`, `nats.passwordFile`. */
  readonly secret: boolean;
}

const ENV_PREFIX = 'FLAGSTREAM_';

/** A group that is left out of the document when none of its settings is given. */
export interface Group {
  readonly path: readonly string[];
  readonly optional: boolean;
}

export interface SettingTree {
  readonly settings: readonly Setting[];
  readonly groups: readonly Group[];
}

/** Marks a setting as secret. */
export function secretSetting<S extends z.ZodType>(schema: S): S {
  return schema.meta({ ...schema.meta(), secret: true });
}

/** @throws Error when the schema is not an object, or two settings would share a name */
export function settingsOf(schema: z.ZodType): SettingTree {
  const settings: Setting[] = [];
  const groups: Group[] = [];
  walk(schema, [], settings, groups);
  const flags = new Set<string>();
  for (const setting of settings) {
    for (const flag of setting.secret ? [setting.flag, `${setting.flag}-file`] : [setting.flag]) {
      if (flags.has(flag)) throw new Error(`two settings have the flag ${flag}`);
      flags.add(flag);
    }
  }
  return { settings, groups };
}

function walk(schema: z.ZodType, path: readonly string[], settings: Setting[], groups: Group[]): void {
  const seen = unwrap(schema);
  if (!(seen.inner instanceof z.ZodObject)) {
    if (path.length === 0) throw new Error('a configuration schema is an object');
    settings.push(leaf(path, seen));
    return;
  }
  if (path.length > 0) groups.push({ path, optional: seen.optional });
  for (const [name, member] of Object.entries(seen.inner.shape as Record<string, z.ZodType>)) {
    walk(member, [...path, name], settings, groups);
  }
}

interface Unwrapped {
  readonly inner: z.ZodType;
  readonly description: string;
  readonly secret: boolean;
  readonly optional: boolean;
  readonly default?: unknown;
}

/** Looks through optional, default, transforms and the like to the type that takes the input. */
function unwrap(schema: z.ZodType): Unwrapped {
  let inner = schema;
  let description = '';
  let secret = false;
  let optional = false;
  let fallback: { readonly value: unknown } | undefined;
  for (;;) {
    const meta = inner.meta();
    description ||= meta?.description ?? '';
    secret ||= meta?.['secret'] === true;
    if (inner instanceof z.ZodDefault || inner instanceof z.ZodPrefault) {
      fallback ??= { value: inner.def.defaultValue };
      optional = true;
      inner = inner.def.innerType as z.ZodType;
    } else if (inner instanceof z.ZodOptional) {
      optional = true;
      inner = inner.def.innerType as z.ZodType;
    } else if (
      inner instanceof z.ZodNullable ||
      inner instanceof z.ZodReadonly ||
      inner instanceof z.ZodNonOptional
    ) {
      inner = inner.def.innerType as z.ZodType;
    } else if (inner instanceof z.ZodPipe) {
      inner = inner.def.in as z.ZodType;
    } else {
      return {
        inner,
        description,
        secret,
        optional,
        ...(fallback === undefined ? {} : { default: fallback.value }),
      };
    }
  }
}

function leaf(path: readonly string[], seen: Unwrapped): Setting {
  const { inner } = seen;
  return {
    path,
    ...namesOf(path),
    type: typeOf(inner),
    ...(inner instanceof z.ZodEnum ? { values: inner.options.map(String) } : {}),
    ...('default' in seen ? { default: seen.default } : {}),
    description: seen.description,
    secret: seen.secret,
  };
}

/** What a setting is called in each source. */
function namesOf(path: readonly string[]): Pick<Setting, 'key' | 'env' | 'flag'> {
  const words = path.flatMap(wordsOf);
  return {
    key: path.join('.'),
    env: ENV_PREFIX + words.join('_').toUpperCase(),
    flag: `--${words.join('-')}`,
  };
}

/** A setting by all of its names, for errors that are found when its value is used. @param settingKey `nats.url` */
export function settingPlace(settingKey: string): string {
  const { key, env, flag } = namesOf(settingKey.split('.'));
  return `${key} (${flag}, ${env})`;
}

/** `portBase` -> port, base. */
export function wordsOf(name: string): readonly string[] {
  return name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1-$2')
    .toLowerCase()
    .split(/[-_]/);
}

function typeOf(inner: z.ZodType): SettingType {
  if (inner instanceof z.ZodNumber) return inner.isInt ? 'integer' : 'number';
  if (inner instanceof z.ZodBoolean) return 'boolean';
  if (inner instanceof z.ZodEnum) return 'enum';
  if (inner instanceof z.ZodArray) return 'list';
  if (inner instanceof z.ZodString || inner instanceof z.ZodStringFormat) return 'string';
  return 'json';
}
