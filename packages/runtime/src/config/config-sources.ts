/**
 * What each source gives: flags, environment, file. A source answers with
 * values by setting, each with its origin, and reports what it cannot use.
 * Text becomes a value by the setting's type; whether it is allowed is the
 * schema's business.
 */

import { readFileSync } from 'node:fs';
import { messageOf } from '@flagstream/protocol';
import { LineCounter, parseDocument } from 'yaml';
import type { ConfigProblem } from './config-error.ts';
import { isLastingFile, secretIn } from './secret-file.ts';
import { type Setting, wordsOf } from './setting.ts';

export interface Given {
  readonly value: unknown;
  /** For messages: `--nats-url`, `FLAGSTREAM_NATS_URL`, `nats.url in flagstream.yaml`. */
  readonly origin: string;
  /** Of a secret that came from a file which can be read again: its path. */
  readonly file?: string;
}

export type GivenValues = ReadonlyMap<Setting, Given>;

export type ReadText = (path: string) => string;
type Report = (problem: ConfigProblem) => void;

/** A configuration or secret above this is not one. */
const FILE_BYTES_MAX = 1_048_576;

export function readTextFile(path: string): string {
  const text = readFileSync(path, 'utf8');
  if (text.length > FILE_BYTES_MAX) throw new RangeError(`${path} is larger than ${FILE_BYTES_MAX} bytes`);
  return text;
}

/**
 * Flags by name, as a command line parser gives them: `nats-url`, `natsUrl` or
 * `--nats-url`; values are text, or booleans and numbers it has already parsed.
 */
export function fromFlags(
  flags: Readonly<Record<string, unknown>>,
  settings: readonly Setting[],
  readText: ReadText,
  report: Report,
): GivenValues {
  const names = new Map(
    Object.entries(flags)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [`--${wordsOf(name.replace(/^--/, '')).join('-')}`, value]),
  );
  const given = collect(
    settings,
    (setting) => ({ plain: setting.flag, file: `${setting.flag}-file` }),
    names,
    readText,
    report,
  );
  for (const name of names.keys()) report({ where: name, message: 'there is no such flag' });
  return given;
}

/** Variables that are no setting are left alone: the environment is shared with others. */
export function fromEnvironment(
  env: Readonly<Record<string, string | undefined>>,
  settings: readonly Setting[],
  readText: ReadText,
  report: Report,
): GivenValues {
  // An empty variable is an unset one, as in compose files with ${X:-}.
  const set = new Map(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''));
  return collect(
    settings,
    (setting) => ({ plain: setting.env, file: `${setting.env}_FILE` }),
    set,
    readText,
    report,
  );
}

export function fromFile(
  path: string,
  settings: readonly Setting[],
  readText: ReadText,
  report: Report,
): GivenValues {
  const flat = new Map<string, unknown>();
  const document = readYaml(path, readText, report);
  if (document === undefined) return new Map();
  const groups = new Set(
    settings.flatMap(({ path: steps }) => steps.slice(0, -1).map((_, i) => steps.slice(0, i + 1).join('.'))),
  );
  flatten(document, '', groups, flat);
  const given = collect(
    settings,
    (setting) => ({ plain: setting.key, file: `${setting.key}File` }),
    flat,
    readText,
    report,
    (key) => `${key} in ${path}`,
  );
  for (const key of flat.keys()) report({ where: `${key} in ${path}`, message: 'there is no such setting' });
  return given;
}

/** Takes what belongs to a setting out of `values`; what stays there belongs to none. */
function collect(
  settings: readonly Setting[],
  names: (setting: Setting) => { readonly plain: string; readonly file: string },
  values: Map<string, unknown>,
  readText: ReadText,
  report: Report,
  origin: (name: string) => string = (name) => name,
): GivenValues {
  const given = new Map<Setting, Given>();
  for (const setting of settings) {
    const { plain, file } = names(setting);
    const value = take(values, plain);
    if (value !== undefined) put(given, setting, value, { origin: origin(plain) }, report);
    const path = setting.secret ? take(values, file) : undefined;
    if (path === undefined) continue;
    if (value !== undefined) {
      report({ where: origin(file), message: `give either this or ${plain}` });
      continue;
    }
    const secret = readSecret(String(path), origin(file), readText, report);
    if (secret === undefined) continue;
    const lasting = isLastingFile(String(path)) ? { file: String(path) } : {};
    put(given, setting, secret, { origin: origin(file), ...lasting }, report);
  }
  return given;
}

function take(values: Map<string, unknown>, name: string): unknown {
  const value = values.get(name);
  values.delete(name);
  return value;
}

function put(
  given: Map<Setting, Given>,
  setting: Setting,
  raw: unknown,
  from: Omit<Given, 'value'>,
  report: Report,
): void {
  const parsed = typeof raw === 'string' ? parseText(raw, setting) : { value: raw };
  if ('problem' in parsed) report({ where: from.origin, message: parsed.problem });
  else given.set(setting, { value: parsed.value, ...from });
}

function readSecret(path: string, origin: string, readText: ReadText, report: Report): string | undefined {
  try {
    return secretIn(readText(path));
  } catch (error) {
    report({ where: origin, message: `cannot be read: ${messageOf(error)}` });
    return undefined;
  }
}

function parseText(
  text: string,
  setting: Setting,
): { readonly value: unknown } | { readonly problem: string } {
  switch (setting.type) {
    case 'string':
    case 'enum':
      return { value: text };
    case 'number':
    case 'integer': {
      const value = text.trim() === '' ? Number.NaN : Number(text);
      return Number.isNaN(value) ? { problem: `must be a number, not "${text}"` } : { value };
    }
    case 'boolean':
      if (text === 'true' || text === '1') return { value: true };
      if (text === 'false' || text === '0') return { value: false };
      return { problem: `must be true or false, not "${text}"` };
    case 'list':
      return { value: text === '' ? [] : text.split(',').map((item) => item.trim()) };
    case 'json':
      try {
        return { value: JSON.parse(text) as unknown };
      } catch {
        return { problem: 'must be JSON' };
      }
  }
}

function readYaml(
  path: string,
  readText: ReadText,
  report: Report,
): Readonly<Record<string, unknown>> | undefined {
  let text: string;
  try {
    text = readText(path);
  } catch (error) {
    report({ where: path, message: `cannot be read: ${messageOf(error)}` });
    return undefined;
  }
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, prettyErrors: false });
  for (const error of document.errors) {
    report({ where: `${path}:${lineCounter.linePos(error.pos[0]).line}`, message: error.message });
  }
  if (document.errors.length > 0) return undefined;
  const content = document.toJS() as unknown;
  if (content === null || content === undefined) return {};
  if (typeof content === 'object' && !Array.isArray(content)) return content as Record<string, unknown>;
  report({ where: path, message: 'must be a mapping of settings' });
  return undefined;
}

function flatten(
  node: Readonly<Record<string, unknown>>,
  prefix: string,
  groups: ReadonlySet<string>,
  flat: Map<string, unknown>,
): void {
  for (const [name, value] of Object.entries(node)) {
    const key = prefix === '' ? name : `${prefix}.${name}`;
    if (groups.has(key) && typeof value === 'object' && value !== null && !Array.isArray(value)) {
      flatten(value as Record<string, unknown>, key, groups, flat);
    } else if (value !== null && value !== undefined) {
      flat.set(key, value);
    }
  }
}
