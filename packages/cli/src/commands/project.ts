/** `flagstream project`: what owns flags and segments. */
import { CreateProjectRequest } from '@flagstream/protocol/gen/flagstream/v1/admin';
import { Project } from '@flagstream/protocol/gen/flagstream/v1/model';
import { Command } from 'commander';
import type { CliSession } from '../cli-session.ts';
import { listProjects } from '../connection/admin-lists.ts';
import { parseKey, type ServerOptions, withAdmin, withServer } from '../options/connection-options.ts';
import { noteWrite, type WriteOptions, withWrite, writeFields } from '../options/write-options.ts';
import { keyOfName } from '../output/flag-text.ts';
import { printJson } from '../output/json-output.ts';
import { printTable } from '../output/table.ts';

interface CreateOptions extends ServerOptions, WriteOptions {
  readonly description?: string;
  readonly displayName?: string;
}

export function projectCommand(session: CliSession): Command {
  return new Command('project')
    .description('projects: list, create')
    .addCommand(projectListCommand(session))
    .addCommand(projectCreateCommand(session));
}

function projectListCommand(session: CliSession): Command {
  return withServer(new Command('list').description('list the projects')).action(
    session.action(async (options: ServerOptions) => {
      const projects = await withAdmin(options, (admin) => listProjects(admin));
      if (options.output === 'json') printJson(session.terminal, projects.map(Project.toJSON));
      else
        printTable(session.terminal, projects, [
          { title: 'KEY', value: ({ name }) => keyOfName(name) },
          { title: 'NAME', value: ({ displayName }) => displayName },
          { title: 'DESCRIPTION', value: ({ description }) => description },
        ]);
    }),
  );
}

function projectCreateCommand(session: CliSession): Command {
  const command = new Command('create')
    .description('create a project')
    .argument('<key>', 'project', parseKey)
    .option('--display-name <text>', 'its name for people')
    .option('--description <text>', 'what it is for');
  return withWrite(withServer(command)).action(
    session.action(async (key: string, options: CreateOptions) => {
      const { displayName = '', description = '' } = options;
      const request = CreateProjectRequest.fromPartial({
        projectId: key,
        project: { displayName, description },
        ...writeFields(options),
      });
      const { project, revision } = await withAdmin(options, (admin) =>
        admin.call(admin.client.createProject, request),
      );
      if (options.output === 'json' && project !== undefined)
        printJson(session.terminal, Project.toJSON(project));
      noteWrite(session, options, `project ${key} created`, revision);
    }),
  );
}
