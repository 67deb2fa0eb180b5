/** `flagstream diff`: two revisions, files against the project, or two environments. Exit code 10 if they differ. */
import { projectName } from '@flagstream/protocol';
import {
  ChangeAction,
  DiffRevisionsRequest,
  DiffRevisionsResponse,
} from '@flagstream/protocol/gen/flagstream/v1/admin';
import { FlagConfig } from '@flagstream/protocol/gen/flagstream/v1/model';
import { Command, InvalidArgumentError } from 'commander';
import type { CliSession } from '../cli-session.ts';
import { listFlagConfigs } from '../connection/admin-lists.ts';
import { written } from '../document/flag-set.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { type ProjectOptions, parseKey, withAdmin, withProject } from '../options/connection-options.ts';
import {
  type MinRevisionOptions,
  minRevisionOf,
  minRevisionOption,
  parseRevisionRange,
  type RevisionRange,
} from '../options/revision.ts';
import { diffLines } from '../output/change-text.ts';
import { keyOfName } from '../output/flag-text.ts';
import { printJson } from '../output/json-output.ts';
import { changeLine } from '../output/plan-text.ts';
import { fieldPaths, type Json } from '../plan/field-paths.ts';
import { planJson } from '../plan/plan-json.ts';
import { UsageError } from '../usage-error.ts';
import { showPlan } from './apply.ts';

interface EnvironmentPair {
  readonly from: string;
  readonly to: string;
}

interface DiffOptions extends ProjectOptions, MinRevisionOptions {
  readonly rev?: RevisionRange;
  readonly file?: string;
  readonly environments?: EnvironmentPair;
}

export function diffCommand(session: CliSession): Command {
  const command = new Command('diff')
    .description('show what differs; exit code 10 if anything does')
    .option('--rev <from..to>', 'between two revisions; "42.." is up to now', parseRevisionRange)
    .option('-f, --file <path>', 'between the project and files')
    .option('-e, --environments <a..b>', 'between two environments', parseEnvironments)
    .addOption(minRevisionOption());
  return withProject(command)
    .addHelpText(
      'after',
      `
Examples:
  $ flagstream diff --rev 3..5
  $ flagstream diff -e staging..production
  $ flagstream diff -f flags/`,
    )
    .action(
      session.action((options: DiffOptions) => {
        const { rev, file, environments } = options;
        const given = [rev, file, environments].filter((each) => each !== undefined).length;
        if (given !== 1)
          throw new UsageError(
            'diff compares one pair',
            'Give one of --rev A..B, -f FILE, -e STAGING..PRODUCTION.',
          );
        if (rev !== undefined) return diffRevisions(session, options, rev);
        if (environments !== undefined) return diffEnvironments(session, options, environments);
        if (options.minRev !== undefined)
          throw new UsageError(
            '--min-rev is of --rev and -e',
            'Leave it out: files are compared with what is there.',
          );
        return showPlan(session, command, { ...options, file: file ?? '' });
      }),
    );
}

async function diffRevisions(
  session: CliSession,
  options: DiffOptions,
  range: RevisionRange,
): Promise<ExitCode> {
  const { terminal } = session;
  const request = DiffRevisionsRequest.fromPartial({
    parent: projectName(options.project),
    fromRevision: range.from,
    toRevision: range.to,
    ...minRevisionOf(options),
  });
  const response = await withAdmin(options, (admin) => admin.call(admin.client.diffRevisions, request));
  if (options.output === 'json') printJson(terminal, DiffRevisionsResponse.toJSON(response));
  else for (const line of diffLines(terminal, response.diffs)) terminal.print(line);
  return response.diffs.length === 0 ? EXIT.ok : EXIT.changes;
}

/** Every flag has a configuration in every environment: the two sides hold the same flags. */
async function diffEnvironments(
  session: CliSession,
  options: DiffOptions,
  { from, to }: EnvironmentPair,
): Promise<ExitCode> {
  const { terminal } = session;
  const bound = minRevisionOf(options);
  const [before, after] = await withAdmin(options, (admin) => {
    const configs = (environment: string): Promise<FlagConfig[]> =>
      listFlagConfigs(admin, options.project, environment, bound);
    return Promise.all([configs(from), configs(to)]);
  });
  const others = new Map(after.map((config) => [keyOfName(config.name), config]));
  const differences = before.flatMap((config) => {
    const key = keyOfName(config.name);
    const other = others.get(key);
    if (other === undefined) return [];
    const contents = { before: comparable(config), after: comparable(other) };
    const fields = fieldPaths(contents.before, contents.after);
    const label = `flag ${key}`;
    return fields.length === 0
      ? []
      : [{ action: ChangeAction.UPDATE, label, name: other.name, fields, ...contents }];
  });
  if (options.output === 'json') printJson(terminal, differences.map(planJson));
  else for (const difference of differences) terminal.print(changeLine(terminal, difference));
  return differences.length === 0 ? EXIT.ok : EXIT.changes;
}

function comparable(config: FlagConfig): Json {
  return FlagConfig.toJSON({ ...written.config(config), name: '' }) as Json;
}

function parseEnvironments(text: string): EnvironmentPair {
  const [from, to, ...rest] = text.split('..');
  if (from === undefined || to === undefined || rest.length > 0)
    throw new InvalidArgumentError('Write two environments, for example staging..production.');
  return { from: parseKey(from), to: parseKey(to) };
}
