/**
 * Configuration of a process: flag > environment > file > default, checked as
 * a whole before anything opens. Every problem is listed, each by the name
 * under which the value was given.
 */
import type * as z from 'zod';
import { ConfigError, type ConfigProblem } from './config-error.ts';
import {
  fromEnvironment,
  fromFile,
  fromFlags,
  type Given,
  type ReadText,
  readTextFile,
} from './config-sources.ts';
import { issueText } from './issue-text.ts';
import { type Group, type Setting, type SettingTree, settingsOf } from './setting.ts';

export interface ConfigSources {
  /** By name: `nats-url`, `natsUrl` or `--nats-url`. Names that are no setting are problems. */
  readonly flags?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Path of a YAML file. Keys that are no setting are problems. */
  readonly file?: string;
  /** Reads the file and secrets; the file system by default. */
  readonly readText?: ReadText;
}

export interface ResolvedConfig<T> {
  readonly config: T;
  /** Where each setting that was given came from, by key; the others have their default. */
  readonly origins: ReadonlyMap<string, string>;
  /** Files that secrets came from, by key: who renews one need not restart the process. */
  readonly secretFiles: ReadonlyMap<string, string>;
}

/** @throws ConfigError listing every problem */
export function loadConfig<S extends z.ZodType>(schema: S, sources: ConfigSources): z.infer<S> {
  return resolveConfig(schema, sources).config;
}

/** The same, with the origin of each value. @throws ConfigError listing every problem */
export function resolveConfig<S extends z.ZodType>(
  schema: S,
  sources: ConfigSources,
): ResolvedConfig<z.infer<S>> {
  const tree = settingsOf(schema);
  const { settings } = tree;
  const problems: ConfigProblem[] = [];
  const report = (problem: ConfigProblem): void => {
    problems.push(problem);
  };
  const readText = sources.readText ?? readTextFile;
  // From the weakest to the strongest: later ones replace earlier ones.
  const given = new Map<Setting, Given>([
    ...(sources.file === undefined ? [] : fromFile(sources.file, settings, readText, report)),
    ...fromEnvironment(sources.env ?? {}, settings, readText, report),
    ...fromFlags(sources.flags ?? {}, settings, readText, report),
  ]);
  const parsed = schema.safeParse(buildDocument(tree, given), { error: issueText });
  if (!parsed.success) {
    const unusable = new Set(problems.map(({ where }) => where));
    for (const issue of parsed.error.issues) {
      const problem = problemOf(issue, settings, given);
      // A value that could not be read is missing for the schema; once is enough.
      if (!unusable.has(problem.where)) problems.push(problem);
    }
  }
  if (problems.length > 0 || !parsed.success) throw new ConfigError(problems);
  return {
    config: parsed.data,
    origins: new Map([...given].map(([setting, { origin }]) => [setting.key, origin])),
    secretFiles: new Map(
      [...given].flatMap(([{ key }, { file }]) => (file === undefined ? [] : [[key, file] as const])),
    ),
  };
}

/** Every setting with its names, for `config print`, help texts and tests of deployment files. */
export function describeConfig(schema: z.ZodType): readonly Setting[] {
  return settingsOf(schema).settings;
}

export interface EffectiveSetting {
  readonly key: string;
  readonly value: unknown;
  /** `default` when nobody gave it. */
  readonly origin: string;
}

/** What a process runs with and why; secrets are hidden. */
export function effectiveSettings(
  schema: z.ZodType,
  resolved: ResolvedConfig<unknown>,
): readonly EffectiveSetting[] {
  return settingsOf(schema).settings.map((setting) => {
    const value = valueAt(resolved.config, setting.path);
    return {
      key: setting.key,
      value: setting.secret && value !== undefined ? '[secret]' : value,
      origin: resolved.origins.get(setting.key) ?? 'default',
    };
  });
}

function buildDocument({ settings, groups }: SettingTree, given: ReadonlyMap<Setting, Given>): unknown {
  const document: Record<string, unknown> = {};
  for (const group of groups) if (!group.optional || isGiven(group, given)) nodeAt(document, group.path);
  for (const setting of settings) {
    const value = given.get(setting);
    if (value !== undefined) nodeAt(document, setting.path.slice(0, -1))[setting.path.at(-1)!] = value.value;
  }
  return document;
}

function isGiven(group: Group, given: ReadonlyMap<Setting, Given>): boolean {
  return [...given.keys()].some(({ path }) => group.path.every((name, i) => path[i] === name));
}

/** The object at a path, made where it is missing. Names come from the schema, not from input. */
function nodeAt(document: Record<string, unknown>, path: readonly string[]): Record<string, unknown> {
  let node = document;
  for (const name of path) {
    node[name] ??= {};
    node = node[name] as Record<string, unknown>;
  }
  return node;
}

function valueAt(config: unknown, path: readonly string[]): unknown {
  let node = config;
  for (const name of path) {
    if (typeof node !== 'object' || node === null) return undefined;
    node = (node as Record<string, unknown>)[name];
  }
  return node;
}

function problemOf(
  issue: z.core.$ZodIssue,
  settings: readonly Setting[],
  given: ReadonlyMap<Setting, Given>,
): ConfigProblem {
  const setting = settings.find(({ path }) => path.every((name, i) => issue.path[i] === name));
  if (setting === undefined)
    return { where: issue.path.join('.') || 'configuration', message: issue.message };
  const value = given.get(setting);
  if (value === undefined) {
    return { where: setting.key, message: `${issue.message} (set ${setting.flag} or ${setting.env})` };
  }
  return { where: value.origin, message: issue.message };
}
