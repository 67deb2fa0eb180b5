/** `flagstream key`: API keys. A token is shown once, on stdout, when it is made. */
import { endMsOf, environmentName, FlagstreamError, unixMsOf } from '@flagstream/protocol';
import {
  CreateKeyRequest,
  GetKeyRequest,
  ListKeysRequest,
  RevokeKeyRequest,
  RotateKeyRequest,
} from '@flagstream/protocol/gen/flagstream/v1/admin';
import {
  ApiKey,
  KeyKind,
  Role,
  type RoleBinding,
  roleToJSON,
  type Verb,
  verbFromJSON,
} from '@flagstream/protocol/gen/flagstream/v1/model';
import { Command, InvalidArgumentError, Option } from 'commander';
import type { CliSession } from '../cli-session.ts';
import { type AdminConnection, readPages } from '../connection/admin-connection.ts';
import { type EnvironmentOptions, withAdmin, withEnvironment } from '../options/connection-options.ts';
import { noteWrite, type WriteOptions, withWrite, writeFields } from '../options/write-options.ts';
import { printJson } from '../output/json-output.ts';
import { printTable } from '../output/table.ts';
import { UsageError } from '../usage-error.ts';

const KINDS = { server: KeyKind.SERVER, client: KeyKind.CLIENT, admin: KeyKind.ADMIN } as const;
const ROLES = { viewer: Role.VIEWER, editor: Role.EDITOR, owner: Role.OWNER, node: Role.NODE } as const;
const VERBS = ['evaluate', 'explain', 'sync', 'log', 'read', 'write', 'administer'];

interface CreateOptions extends EnvironmentOptions, WriteOptions {
  readonly kind: keyof typeof KINDS;
  readonly displayName?: string;
  readonly role: readonly RoleBinding[];
  readonly verb: readonly Verb[];
  readonly expires?: number;
}

interface ListOptions extends EnvironmentOptions {
  readonly all?: boolean;
  readonly revoked?: boolean;
}

interface RotateOptions extends EnvironmentOptions, WriteOptions {
  readonly overlap: number;
  readonly retireOlder?: boolean;
}

export function keyCommand(session: CliSession): Command {
  return new Command('key')
    .description('API keys: create, list, rotate, revoke')
    .addCommand(createCommand(session))
    .addCommand(listCommand(session))
    .addCommand(rotateCommand(session))
    .addCommand(revokeCommand(session));
}

function createCommand(session: CliSession): Command {
  const command = new Command('create')
    .description('make a key; its token is printed once and kept nowhere')
    .addOption(new Option('--kind <kind>', 'who it is for').choices(Object.keys(KINDS)).makeOptionMandatory())
    .option('--display-name <text>', 'its name for people')
    .addOption(
      new Option(
        '--role <role[:project[/environment]]>',
        `of an admin key: ${Object.keys(ROLES).join(', ')}; may be repeated`,
      )
        .default([])
        .argParser((text, before: readonly RoleBinding[]) => [...before, parseRole(text)]),
    )
    .addOption(
      new Option('--verb <verb>', `only this (${VERBS.join(', ')}); may be repeated`)
        .default([])
        .argParser((text, before: readonly Verb[]) => [...before, parseVerb(text)]),
    )
    .addOption(new Option('--expires <time>', 'ends after this long: 12h, 90d').argParser(parseDuration));
  return withWrite(withEnvironment(command)).action(
    session.action(async (options: CreateOptions) => {
      const { kind, displayName = '', role, verb, expires } = options;
      const request = CreateKeyRequest.fromPartial({
        parent: kind === 'admin' ? '' : environmentName(options.project, options.environment),
        key: {
          kind: KINDS[kind],
          displayName,
          roles: [...role],
          verbs: [...verb],
          ...(expires === undefined ? {} : { expireTime: { seconds: inSeconds(expires), nanos: 0 } }),
        },
        ...writeFields(options),
      });
      const { key, token, revision } = await withAdmin(options, (admin) =>
        admin.call(admin.client.createKey, request),
      );
      printToken(session, options, key, token);
      noteWrite(session, options, `key ${key?.name ?? ''} created`, revision);
    }),
  );
}

function listCommand(session: CliSession): Command {
  const command = new Command('list')
    .description('list the keys of an environment')
    .option('--all', 'of all environments, and admin keys')
    .option('--revoked', 'revoked ones too');
  return withEnvironment(command).action(
    session.action(async (options: ListOptions) => {
      const parent = options.all === true ? '' : environmentName(options.project, options.environment);
      const keys = await withAdmin(options, (admin) => listKeys(admin, parent, options.revoked === true));
      if (options.output === 'json') printJson(session.terminal, keys.map(ApiKey.toJSON));
      else
        printTable(session.terminal, keys, [
          { title: 'KEY', value: ({ name }) => name },
          { title: 'KIND', value: ({ kind }) => kindWord(kind) },
          { title: 'NAME', value: ({ displayName }) => displayName },
          { title: 'ROLES', value: ({ roles }) => roles.map(roleWord).join(' ') },
          { title: 'EXPIRES', value: ({ expireTime }) => timeWord(expireTime) },
          { title: 'LAST USED', value: ({ lastUsedTime }) => timeWord(lastUsedTime) },
          { title: 'STATE', value: stateWord },
        ]);
    }),
  );
}

function rotateCommand(session: CliSession): Command {
  const command = new Command('rotate')
    .description('give a key a second secret; the old one goes on for a while')
    .argument('<key>', 'name of the key, as list prints it, or its id')
    .addOption(
      new Option('--overlap <time>', 'how long the old secret goes on: 0, 1h, 7d')
        .default(86_400, '1d')
        .argParser(parseDuration),
    )
    .option('--retire-older', 'two secrets live already: end the older one');
  return withWrite(withEnvironment(command)).action(
    session.action(async (name: string, options: RotateOptions) => {
      const { key, token, revision } = await withAdmin(options, async (admin) =>
        admin.call(
          admin.client.rotateKey,
          RotateKeyRequest.fromPartial({
            name: await fullName(admin, name),
            overlapSeconds: options.overlap,
            retireOlder: options.retireOlder === true,
            ...writeFields(options),
          }),
        ),
      );
      printToken(session, options, key, token);
      noteWrite(session, options, `key ${key?.name ?? name} has a new secret`, revision);
    }),
  );
}

function revokeCommand(session: CliSession): Command {
  const command = new Command('revoke')
    .description('end a key for ever; what it opened is closed')
    .argument('<key>', 'name of the key, as list prints it, or its id');
  return withWrite(withEnvironment(command)).action(
    session.action(async (name: string, options: EnvironmentOptions & WriteOptions) => {
      const { key, revision } = await withAdmin(options, async (admin) => {
        const full = await fullName(admin, name);
        const known = await visibleKey(admin, full);
        // Each operation that is carried out is a revision, also one that changes nothing.
        if (known?.revokeTime !== undefined) return { key: known, revision: undefined };
        return admin.call(
          admin.client.revokeKey,
          RevokeKeyRequest.fromPartial({ name: full, ...writeFields(options) }),
        );
      });
      if (options.output === 'json' && key !== undefined) printJson(session.terminal, ApiKey.toJSON(key));
      noteWrite(session, options, `key ${key?.name ?? name} revoked`, revision);
    }),
  );
}

function listKeys(admin: AdminConnection, parent: string, showRevoked: boolean): Promise<ApiKey[]> {
  return readPages(async (pageToken, pageSize) => {
    const request = ListKeysRequest.fromPartial({ parent, pageToken, pageSize, showRevoked });
    const { keys, nextPageToken } = await admin.call(admin.client.listKeys, request);
    return { items: keys, nextPageToken };
  });
}

/** Undefined where it may not be read: who may revoke a key need not see it. */
async function visibleKey(admin: AdminConnection, name: string): Promise<ApiKey | undefined> {
  try {
    return (await admin.call(admin.client.getKey, GetKeyRequest.fromPartial({ name }))).key;
  } catch (error) {
    if (error instanceof FlagstreamError && error.reason === 'PERMISSION_DENIED') return undefined;
    throw error;
  }
}

/** People copy the id out of a token. */
async function fullName(admin: AdminConnection, name: string): Promise<string> {
  if (name.includes('/')) return name;
  const found = (await listKeys(admin, '', true)).find((key) => key.name.endsWith(`/${name}`));
  if (found === undefined)
    throw new UsageError(`there is no key ${name} that you may see`, 'List them: flagstream key list --all.');
  return found.name;
}

function printToken(
  session: CliSession,
  options: EnvironmentOptions,
  key: ApiKey | undefined,
  token: string,
): void {
  if (options.output === 'json' && key !== undefined)
    printJson(session.terminal, { key: ApiKey.toJSON(key), token });
  else if (token !== '') session.terminal.print(token);
}

function parseRole(text: string): RoleBinding {
  const match = /^([a-z]+)(?::([^/]+)(?:\/(.+))?)?$/.exec(text);
  const role = ROLES[match?.[1] as keyof typeof ROLES];
  if (role === undefined)
    throw new InvalidArgumentError(
      `Write ${Object.keys(ROLES).join(', ')}, with :PROJECT or :PROJECT/ENVIRONMENT.`,
    );
  return { role, project: match?.[2] ?? '', environment: match?.[3] ?? '' };
}

function parseVerb(text: string): Verb {
  if (!VERBS.includes(text)) throw new InvalidArgumentError(`Write one of ${VERBS.join(', ')}.`);
  return verbFromJSON(`VERB_${text.toUpperCase()}`);
}

const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };

/** Seconds. */
function parseDuration(text: string): number {
  const match = /^(\d{1,9})([smhd])?$/.exec(text);
  if (match === null) throw new InvalidArgumentError('Write a number with s, m, h or d: 12h, 90d.');
  return Number(match[1]) * (UNIT_SECONDS[match[2] ?? 's'] ?? 1);
}

function inSeconds(seconds: number): bigint {
  return BigInt(Math.floor(Date.now() / 1_000) + seconds);
}

function kindWord(kind: KeyKind): string {
  return Object.entries(KINDS).find(([, known]) => known === kind)?.[0] ?? 'unknown';
}

function roleWord({ role, project, environment }: RoleBinding): string {
  const word = roleToJSON(role).replace('ROLE_', '').toLowerCase();
  return project === '' ? word : `${word}:${project}${environment === '' ? '' : `/${environment}`}`;
}

function timeWord(time: ApiKey['expireTime']): string {
  return time === undefined ? '' : new Date(unixMsOf(time)).toISOString().slice(0, 16);
}

function stateWord({ revokeTime, expireTime }: ApiKey): string {
  if (revokeTime !== undefined) return 'revoked';
  return endMsOf(expireTime) <= Date.now() ? 'expired' : 'valid';
}
