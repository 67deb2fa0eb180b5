/** `flagstream config`: what a role would run with, and which settings there are. */
import { Command } from 'commander';
import type { CliSession } from '../cli-session.ts';
import { outputOption } from '../options/connection-options.ts';
import { type OutputFormat, printJson } from '../output/json-output.ts';
import { printTable } from '../output/table.ts';
import type { Roles } from '../roles/roles.ts';
import { addSettingOptions } from '../roles/setting-options.ts';
import { type RoleOptions, roleSources, withRole } from './serve.ts';

interface PrintOptions extends RoleOptions {
  readonly output: OutputFormat;
}

export function configCommand(session: CliSession, roles: Roles | undefined): Command {
  return new Command('config')
    .description('settings of a role: effective values, JSON Schema')
    .addCommand(printCommand(session, roles))
    .addCommand(schemaCommand(session, roles));
}

function printCommand(session: CliSession, roles: Roles | undefined): Command {
  const command = withRole(
    new Command('print').description(
      'print every setting with its value and where that came from; secrets are hidden',
    ),
  ).addOption(outputOption());
  if (roles === undefined) return command;
  return addSettingOptions(command, roles).action(
    session.action(async (options: PrintOptions) => {
      const settings = roles[options.role].effective(roleSources(session, command, options));
      if (options.output === 'json') printJson(session.terminal, settings);
      else
        printTable(session.terminal, settings, [
          { title: 'SETTING', value: ({ key }) => key },
          { title: 'VALUE', value: ({ value }) => (value === undefined ? '' : JSON.stringify(value)) },
          { title: 'FROM', value: ({ origin }) => origin },
        ]);
    }),
  );
}

function schemaCommand(session: CliSession, roles: Roles | undefined): Command {
  const command = withRole(
    new Command('schema').description('print the JSON Schema of the configuration file'),
  );
  if (roles === undefined) return command;
  return command.action(
    session.action(async ({ role }: RoleOptions) => {
      printJson(session.terminal, roles[role].jsonSchema());
    }),
  );
}
