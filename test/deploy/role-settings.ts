// The roles' real configuration schemas, to hold what deploy/ sets against.

import { controlPlaneConfigSchema } from '@flagstream/control-plane';
import { evaluatorConfigSchema } from '@flagstream/evaluator';
import { ofrepPortOf, syncPortOf } from '@flagstream/evaluator/config';
import {
  ConfigError,
  checkExposure,
  describeConfig,
  exposureOf,
  loadConfig,
  type Setting,
} from '@flagstream/runtime';

export type Role = 'control-plane' | 'evaluator';

export const ROLES: readonly Role[] = ['control-plane', 'evaluator'];

const SCHEMAS = { 'control-plane': controlPlaneConfigSchema, evaluator: evaluatorConfigSchema } as const;

export interface RoleInput {
  readonly env?: Readonly<Record<string, string>>;
  /** With their dashes. */
  readonly flags?: Readonly<Record<string, string>>;
}

export function settingsOf(role: Role): readonly Setting[] {
  return describeConfig(SCHEMAS[role]);
}

export function defaultOf(role: Role, key: string): unknown {
  const setting = settingsOf(role).find((candidate) => candidate.key === key);
  if (setting === undefined) throw new Error(`${role} has no setting ${key}`);
  return setting.default;
}

/** Default ports of a role that is one process: gRPC, management, and what an evaluator has beside them. */
export function portsOf(role: Role): readonly number[] {
  const named = settingsOf(role)
    .filter(({ key }) => /^(grpc|management)Port$/.test(key))
    .map((setting) => Number(setting.default));
  const standard = evaluatorConfigSchema.parse({});
  return role === 'evaluator' ? [...named, syncPortOf(standard), ofrepPortOf(standard)] : named;
}

/** What is wrong with starting the role like this: unknown names and values that the schema refuses. */
export function problemsOf(role: Role, { env = {}, flags = {} }: RoleInput): readonly string[] {
  const known = new Set(settingsOf(role).map((setting) => setting.env));
  const unknown = Object.keys(env).filter((name) => name.startsWith('FLAGSTREAM_') && !known.has(name));
  return [...unknown.map((name) => `${name}: there is no such setting`), ...refusals(role, env, flags)];
}

/** What the role warns of when it starts like this. @throws FlagstreamError CONFIG_INVALID when it does not start */
export function exposureWarningsOf(role: Role, env: Readonly<Record<string, string>>): readonly string[] {
  return checkExposure(exposureOf(loadConfig<(typeof SCHEMAS)[Role]>(SCHEMAS[role], { env })));
}

function refusals(
  role: Role,
  env: Readonly<Record<string, string>>,
  flags: Readonly<Record<string, string>>,
): readonly string[] {
  try {
    loadConfig<(typeof SCHEMAS)[Role]>(SCHEMAS[role], { env, flags });
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(({ where, message }) => `${where}: ${message}`);
  }
}

/** `serve --role R --flag value ...` taken apart. */
export function parseServe(words: readonly string[]): {
  readonly role: Role;
  readonly flags: Readonly<Record<string, string>>;
} {
  const [command, roleFlag, role, ...rest] = words;
  if (command !== 'serve' || roleFlag !== '--role' || !ROLES.some((known) => known === role))
    throw new Error(`not the command of a role: ${words.join(' ')}`);
  const flags = Object.fromEntries(
    rest.flatMap((word, index) => (word.startsWith('--') ? [[word, rest[index + 1] ?? '']] : [])),
  );
  return { role: role as Role, flags };
}
