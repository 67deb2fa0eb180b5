/** `flagstream environment`: where flags have their switches, rules and rollouts. */
import { environmentName, projectName } from '@flagstream/protocol';
import {
  ArchiveEnvironmentRequest,
  CreateEnvironmentRequest,
} from '@flagstream/protocol/gen/flagstream/v1/admin';
import { Environment } from '@flagstream/protocol/gen/flagstream/v1/model';
import { Command } from 'commander';
import type { CliSession } from '../cli-session.ts';
import { listEnvironments } from '../connection/admin-lists.ts';
import { type ProjectOptions, parseKey, withAdmin, withProject } from '../options/connection-options.ts';
import { noteWrite, type WriteOptions, withEtag, withWrite, writeFields } from '../options/write-options.ts';
import { keyOfName } from '../output/flag-text.ts';
import { printJson } from '../output/json-output.ts';
import { printTable } from '../output/table.ts';

interface CreateOptions extends ProjectOptions, WriteOptions {
  readonly description?: string;
  readonly displayName?: string;
  readonly protected?: boolean;
}

interface ArchiveOptions extends ProjectOptions, WriteOptions {
  readonly etag?: string;
}

export function environmentCommand(session: CliSession): Command {
  return new Command('environment')
    .alias('env')
    .description('environments of a project: list, create, archive')
    .addCommand(environmentListCommand(session))
    .addCommand(environmentCreateCommand(session))
    .addCommand(environmentArchiveCommand(session));
}

function environmentListCommand(session: CliSession): Command {
  return withProject(new Command('list').description('list the environments of a project')).action(
    session.action(async (options: ProjectOptions) => {
      const environments = await withAdmin(options, (admin) => listEnvironments(admin, options.project));
      if (options.output === 'json') printJson(session.terminal, environments.map(Environment.toJSON));
      else
        printTable(session.terminal, environments, [
          { title: 'KEY', value: ({ name }) => keyOfName(name) },
          { title: 'NAME', value: ({ displayName }) => displayName },
          { title: 'PROTECTED', value: (environment) => (environment.protected ? 'yes' : 'no') },
          { title: 'DESCRIPTION', value: ({ description }) => description },
        ]);
    }),
  );
}

function environmentCreateCommand(session: CliSession): Command {
  const command = new Command('create')
    .description('create an environment; all flags are off in it')
    .argument('<key>', 'environment', parseKey)
    .option('--display-name <text>', 'its name for people')
    .option('--description <text>', 'what it is for')
    .option('--protected', 'changes need a comment');
  return withWrite(withProject(command)).action(
    session.action(async (key: string, options: CreateOptions) => {
      const { displayName = '', description = '' } = options;
      const request = CreateEnvironmentRequest.fromPartial({
        parent: projectName(options.project),
        environmentId: key,
        environment: { displayName, description, protected: options.protected === true },
        ...writeFields(options),
      });
      const { environment, revision } = await withAdmin(options, (admin) =>
        admin.call(admin.client.createEnvironment, request),
      );
      if (options.output === 'json' && environment !== undefined)
        printJson(session.terminal, Environment.toJSON(environment));
      noteWrite(session, options, `environment ${key} created in project ${options.project}`, revision);
    }),
  );
}

function environmentArchiveCommand(session: CliSession): Command {
  const command = new Command('archive')
    .description('take an environment out of service; its history stays, its key is never used again')
    .argument('<key>', 'environment', parseKey);
  return withWrite(withEtag(withProject(command))).action(
    session.action(async (key: string, options: ArchiveOptions) => {
      const request = ArchiveEnvironmentRequest.fromPartial({
        name: environmentName(options.project, key),
        etag: options.etag ?? '',
        ...writeFields(options),
      });
      const { environment, revision } = await withAdmin(options, (admin) =>
        admin.call(admin.client.archiveEnvironment, request),
      );
      if (options.output === 'json' && environment !== undefined)
        printJson(session.terminal, Environment.toJSON(environment));
      noteWrite(session, options, `environment ${key} of project ${options.project} archived`, revision);
    }),
  );
}
