/** `flagstream history` and `changes`: what was changed, by whom and why. */
import { flagConfigName, flagName, parseName, projectName, segmentName } from '@flagstream/protocol';
import { ChangeLogEntry, GetFlagRequest } from '@flagstream/protocol/gen/flagstream/v1/admin';
import { Command, Option } from 'commander';
import type { CliSession } from '../cli-session.ts';
import type { AdminConnection } from '../connection/admin-connection.ts';
import { listChanges, listEnvironments, type ReadBound } from '../connection/admin-lists.ts';
import { withFlagHint } from '../connection/flag-hint.ts';
import {
  type ProjectOptions,
  parseFlagKey,
  parseKey,
  withAdmin,
  withProject,
} from '../options/connection-options.ts';
import {
  type MinRevisionOptions,
  minRevisionOf,
  minRevisionOption,
  parseCount,
  parseRevision,
} from '../options/revision.ts';
import { CHANGE_COLUMNS } from '../output/change-text.ts';
import { keyOfName } from '../output/flag-text.ts';
import { printJson } from '../output/json-output.ts';
import { printTable } from '../output/table.ts';
import { UsageError } from '../usage-error.ts';

interface ChangesOptions extends ProjectOptions, MinRevisionOptions {
  readonly limit: number;
  readonly since?: bigint;
  readonly content?: boolean;
  readonly allProjects?: boolean;
}

interface HistoryOptions extends ChangesOptions {
  readonly environment?: string;
  readonly segment?: boolean;
}

export function historyCommand(session: CliSession): Command {
  const command = new Command('history')
    .description('show what was changed of one flag, newest first')
    .argument('<key>', 'flag, or a resource name such as projects/shop/segments/staff')
    .option('-e, --environment <key>', 'only its configuration in this environment', parseKey)
    .option('--segment', 'the key is that of a segment');
  return withChangeOptions(withProject(command)).action(
    session.action(async (key: string, options: HistoryOptions) => {
      const entries = await withAdmin(options, async (admin) =>
        merged(admin, await historyNames(admin, key, options), options),
      );
      print(session, options, entries);
    }),
  );
}

export function changesCommand(session: CliSession): Command {
  const command = new Command('changes')
    .description('show the change log of a project, newest first')
    .option('--all-projects', 'of all projects');
  return withChangeOptions(withProject(command)).action(
    session.action(async (options: ChangesOptions) => {
      const parent = options.allProjects === true ? '' : projectName(options.project);
      const entries = await withAdmin(options, (admin) =>
        listChanges(admin, { parent, ...queryOf(options) }, options.limit),
      );
      print(session, options, entries);
    }),
  );
}

function withChangeOptions(command: Command): Command {
  return command
    .addOption(new Option('--limit <count>', 'at most this many').default(50).argParser(parseCount))
    .option('--since <revision>', 'only what came after this revision', parseRevision)
    .addOption(minRevisionOption())
    .option('--content', 'with the whole entities before and after, in JSON output');
}

/** The resources whose changes are the history that was asked for. */
async function historyNames(
  admin: AdminConnection,
  key: string,
  { project, environment, segment, ...options }: HistoryOptions,
): Promise<readonly string[]> {
  if (key.includes('/')) {
    if (parseName(key) !== undefined) return [key];
    throw new UsageError(
      `${key} is not a resource name`,
      'Write a flag key, or a name such as projects/shop/flags/new-checkout.',
    );
  }
  if (segment === true) return [segmentName(project, parseKey(key))];
  parseFlagKey(key);
  if (environment !== undefined) return [flagConfigName(project, environment, key)];
  // A flag that never was has no history; an archived one has.
  const name = flagName(project, key);
  await withFlagHint(admin, project, key, () =>
    admin.call(admin.client.getFlag, GetFlagRequest.fromPartial({ name, ...minRevisionOf(options) })),
  );
  const environments = await listEnvironments(admin, project, false, minRevisionOf(options));
  return [name, ...environments.map(({ name }) => flagConfigName(project, keyOfName(name), key))];
}

/** One revision may have changed several of the resources: it is one entry. */
async function merged(
  admin: AdminConnection,
  names: readonly string[],
  options: HistoryOptions,
): Promise<readonly ChangeLogEntry[]> {
  const lists = await Promise.all(
    names.map((name) => listChanges(admin, { name, ...queryOf(options) }, options.limit)),
  );
  const byRevision = new Map<bigint, ChangeLogEntry>();
  for (const entry of lists.flat()) {
    const revision = entry.revision?.revision ?? 0n;
    const known = byRevision.get(revision);
    byRevision.set(revision, known === undefined ? entry : { ...known, diffs: withNew(known, entry) });
  }
  return [...byRevision]
    .sort(([a], [b]) => (a < b ? 1 : -1))
    .map(([, entry]) => entry)
    .slice(0, options.limit);
}

function withNew(known: ChangeLogEntry, entry: ChangeLogEntry): ChangeLogEntry['diffs'] {
  const names = new Set(known.diffs.map(({ name }) => name));
  return [...known.diffs, ...entry.diffs.filter(({ name }) => !names.has(name))];
}

function queryOf(options: ChangesOptions): ReadBound & {
  readonly afterRevision: bigint;
  readonly includeContent: boolean;
} {
  // Text tells short values; JSON carries whole entities only when they are asked for.
  return {
    ...minRevisionOf(options),
    afterRevision: options.since ?? 0n,
    includeContent: options.content === true || options.output !== 'json',
  };
}

function print({ terminal }: CliSession, options: ChangesOptions, entries: readonly ChangeLogEntry[]): void {
  if (options.output === 'json') printJson(terminal, entries.map(ChangeLogEntry.toJSON));
  else printTable(terminal, entries, CHANGE_COLUMNS);
}
