/** `flagstream export` and `schema`: from the control plane to files. */
import { writeFileSync } from 'node:fs';
import { fail, messageOf } from '@flagstream/protocol';
import { Command, Option } from 'commander';
import type { CliSession } from '../cli-session.ts';
import type { FlagSet } from '../document/flag-set.ts';
import { documentJsonSchema } from '../document/json-schema.ts';
import { type DocumentFormat, writeDocument } from '../document/write-document.ts';
import {
  type ProjectOptions,
  projectOption,
  serverOption,
  timeoutOption,
  withAdmin,
  withTrust,
} from '../options/connection-options.ts';
import { counted } from '../output/flag-text.ts';
import { printJson } from '../output/json-output.ts';
import { isWritten, type ProjectState, readProject, requireMembers } from '../plan/project-state.ts';
import { UsageError } from '../usage-error.ts';

interface ExportOptions extends Omit<ProjectOptions, 'output'> {
  readonly output: DocumentFormat;
  readonly file?: string;
}

export function exportCommand(session: CliSession): Command {
  return withTrust(new Command('export'))
    .description('write the flags, segments and environments of a project as one document')
    .addOption(
      new Option('-o, --output <format>', 'format of the document').choices(['yaml', 'json']).default('yaml'),
    )
    .option('--file <path>', 'write to this file in place of stdout')
    .addOption(projectOption())
    .addOption(serverOption())
    .addOption(timeoutOption())
    .action(
      session.action(async (options: ExportOptions) => {
        const state = await withAdmin(options, (admin) => readProject(admin, options.project));
        if (!state.exists) throw fail('PROJECT_NOT_FOUND', `there is no project ${options.project}`);
        requireMembers(state);
        const text = writeDocument(onlyWritten(state), options.project, options.output);
        if (options.file === undefined) session.terminal.print(text.trimEnd());
        else {
          writeFile(options.file, text);
          session.terminal.note(`${counted(state.flags.size, 'flag')} written to ${options.file}`);
        }
      }),
    );
}

export function schemaCommand(session: CliSession): Command {
  return new Command('schema')
    .description('print the JSON Schema of flag files, for editors')
    .addHelpText(
      'after',
      `
Example, for editors with the YAML language server:
  $ flagstream schema > flagstream.schema.json
  and as the first line of a file:  # yaml-language-server: $schema=flagstream.schema.json`,
    )
    .action(session.action(async () => printJson(session.terminal, documentJsonSchema())));
}

/** Configurations that nobody has written would only be noise. */
function onlyWritten(state: ProjectState): FlagSet {
  return {
    ...state,
    configs: new Map(
      [...state.configs].map(([key, configs]) => [
        key,
        new Map([...configs].filter(([, config]) => isWritten(config))),
      ]),
    ),
  };
}

function writeFile(path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch (error) {
    throw new UsageError(`${path} cannot be written: ${messageOf(error)}`, 'Name another file with --file.');
  }
}
