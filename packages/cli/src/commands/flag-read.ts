/** `flag list` and `flag get`. */
import { flagConfigName, flagName } from '@flagstream/protocol';
import { GetFlagConfigRequest, GetFlagRequest } from '@flagstream/protocol/gen/flagstream/v1/admin';
import { DocumentFlag } from '@flagstream/protocol/gen/flagstream/v1/document';
import { type Flag, FlagConfig } from '@flagstream/protocol/gen/flagstream/v1/model';
import { Command } from 'commander';
import type { CliSession } from '../cli-session.ts';
import type { AdminConnection } from '../connection/admin-connection.ts';
import { listEnvironments, listFlagConfigs, listFlags } from '../connection/admin-lists.ts';
import { withFlagHint } from '../connection/flag-hint.ts';
import {
  type EnvironmentOptions,
  type ProjectOptions,
  parseFlagKey,
  parseKey,
  withAdmin,
  withEnvironment,
  withProject,
} from '../options/connection-options.ts';
import { type MinRevisionOptions, minRevisionOf, minRevisionOption } from '../options/revision.ts';
import { configText, keyOfName, kindText, stateText, variantsText } from '../output/flag-text.ts';
import { printJson } from '../output/json-output.ts';
import { type Column, printTable } from '../output/table.ts';

interface ListOptions extends EnvironmentOptions, MinRevisionOptions {
  readonly archived?: boolean;
  readonly tag?: string;
}

export function flagListCommand(session: CliSession): Command {
  return withEnvironment(
    new Command('list').description('list the flags of a project, as they are in one environment'),
  )
    .option('--archived', 'archived flags too')
    .option('--tag <tag>', 'only flags with this tag')
    .addOption(minRevisionOption())
    .action(
      session.action(async (options: ListOptions) => {
        const rows = await withAdmin(options, (admin) => flagRows(admin, options));
        if (options.output === 'json') printJson(session.terminal, rows.map(DocumentFlag.toJSON));
        else printTable(session.terminal, rows, listColumns(options.environment));
      }),
    );
}

async function flagRows(admin: AdminConnection, options: ListOptions): Promise<DocumentFlag[]> {
  const { project, environment } = options;
  const [flags, configs] = await Promise.all([
    listFlags(admin, project, options.archived === true, minRevisionOf(options)),
    listFlagConfigs(admin, project, environment, minRevisionOf(options)),
  ]);
  const byKey = new Map(configs.map((config) => [keyOfName(config.name), config]));
  return flags
    .filter((flag) => options.tag === undefined || flag.tags.includes(options.tag))
    .map((flag) => {
      const config = byKey.get(keyOfName(flag.name));
      return { flag, configs: config === undefined ? {} : { [environment]: config } };
    });
}

function listColumns(environment: string): Column<DocumentFlag>[] {
  const config = (row: DocumentFlag): FlagConfig | undefined => row.configs[environment];
  const flag = (row: DocumentFlag): Flag => row.flag!;
  return [
    { title: 'KEY', value: (row) => keyOfName(flag(row).name) },
    { title: 'KIND', value: (row) => kindText(flag(row).kind) },
    { title: environment.toUpperCase(), value: (row) => stateOrArchived(flag(row), config(row)) },
    { title: 'SERVES', value: (row) => servesText(config(row)) },
    { title: 'TAGS', value: (row) => flag(row).tags.join(',') },
    { title: 'DESCRIPTION', value: (row) => flag(row).description },
  ];
}

function stateOrArchived(flag: Flag, config: FlagConfig | undefined): string {
  if (flag.archiveTime !== undefined) return 'archived';
  return config === undefined ? 'off' : stateText(config);
}

function servesText(config: FlagConfig | undefined): string {
  return config === undefined || !config.enabled ? 'the off variant' : configText(config);
}

interface GetOptions extends ProjectOptions, MinRevisionOptions {
  readonly environment?: string;
}

export function flagGetCommand(session: CliSession): Command {
  return withProject(
    new Command('get')
      .description('show one flag and what it does in each environment')
      .argument('<key>', 'flag', parseFlagKey)
      .option('-e, --environment <key>', 'only this environment', parseKey)
      .addOption(minRevisionOption()),
  ).action(
    session.action(async (key: string, options: GetOptions) => {
      const { project } = options;
      const found = await withAdmin(options, (admin) =>
        withFlagHint(admin, project, key, () => readFlag(admin, key, options)),
      );
      if (options.output === 'json') printJson(session.terminal, DocumentFlag.toJSON(found));
      else printFlag(session, found);
    }),
  );
}

async function readFlag(
  admin: AdminConnection,
  key: string,
  { project, environment, ...options }: GetOptions,
): Promise<DocumentFlag> {
  const bound = minRevisionOf(options);
  const { flag } = await admin.call(
    admin.client.getFlag,
    GetFlagRequest.fromPartial({ name: flagName(project, key), ...bound }),
  );
  const environments =
    environment === undefined
      ? (await listEnvironments(admin, project, false, bound)).map(({ name }) => keyOfName(name))
      : [environment];
  const configs = await Promise.all(
    environments.map(async (each) => {
      const request = GetFlagConfigRequest.fromPartial({
        name: flagConfigName(project, each, key),
        ...bound,
      });
      const { flagConfig } = await admin.call(admin.client.getFlagConfig, request);
      return [each, flagConfig ?? FlagConfig.fromPartial({})] as const;
    }),
  );
  return { flag, configs: Object.fromEntries(configs) };
}

function printFlag(session: CliSession, { flag, configs }: DocumentFlag): void {
  if (flag === undefined) return;
  const facts: readonly (readonly [string, string])[] = [
    ['key', keyOfName(flag.name)],
    ['kind', kindText(flag.kind)],
    ['variants', variantsText(flag)],
    ['off variant', flag.offVariant],
    ['description', flag.description],
    ['owner', flag.owner],
    ['tags', flag.tags.join(', ')],
    ['client visible', flag.clientVisible ? 'yes' : ''],
    ['archived', flag.archiveTime === undefined ? '' : 'yes'],
    ['etag', flag.etag],
  ];
  const { terminal } = session;
  const separator = (label: string): string =>
    terminal.interactive ? `${terminal.paint('dim', label.padEnd(15))} ` : `${label}\t`;
  for (const [label, value] of facts) if (value !== '') terminal.print(`${separator(label)}${value}`);
  if (terminal.interactive) terminal.print('');
  printTable(terminal, Object.entries(configs), [
    { title: 'ENVIRONMENT', value: ([environment]) => environment },
    { title: 'STATE', value: ([, config]) => stateText(config) },
    { title: 'SERVES', value: ([, config]) => configText(config) },
    { title: 'ETAG', value: ([, config]) => config.etag },
  ]);
}
