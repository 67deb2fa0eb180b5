/** `flagstream log`: how the log is, whether its file is sound, and who may go on writing it. */
import {
  GetLogStatusRequest,
  GetLogStatusResponse,
  ReseedLogRequest,
  ReseedLogResponse,
} from '@flagstream/protocol/gen/flagstream/v1/maintenance';
import { Command } from 'commander';
import type { CliSession } from '../cli-session.ts';
import { parseEndpoint } from '../connection/endpoint.ts';
import { MaintenanceConnection } from '../connection/maintenance-connection.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { type ConfirmationOptions, confirmed, withConfirmation } from '../options/confirmation.ts';
import { outputOption, type ServerOptions, withServer } from '../options/connection-options.ts';
import { dataOption } from '../options/data-option.ts';
import { type WriteOptions, writeFields } from '../options/write-options.ts';
import { type OutputFormat, printJson } from '../output/json-output.ts';
import { printFigures, printStatus } from '../output/log-text.ts';
import { UsageError } from '../usage-error.ts';

interface VerifyOptions {
  readonly data: string;
  readonly output: OutputFormat;
}

interface ReseedOptions extends ServerOptions, ConfirmationOptions, Pick<WriteOptions, 'actor' | 'comment'> {
  readonly takeOver?: boolean;
}

export function logCommand(session: CliSession): Command {
  return new Command('log')
    .description('the log of the control plane: status, verify, reseed')
    .addCommand(statusCommand(session))
    .addCommand(verifyCommand(session))
    .addCommand(reseedCommand(session));
}

function statusCommand(session: CliSession): Command {
  return withServer(
    new Command('status').description('how far the log is, where it is shipped, whether it is sound'),
  ).action(
    session.action(async (options: ServerOptions) => {
      const response = await withMaintenance(options, (maintenance) =>
        maintenance.call(maintenance.client.getLogStatus, GetLogStatusRequest.fromPartial({})),
      );
      if (options.output === 'json') printJson(session.terminal, GetLogStatusResponse.toJSON(response));
      else printStatus(session.terminal, response);
    }),
  );
}

function verifyCommand(session: CliSession): Command {
  const command = new Command('verify')
    .description('check all of a log: chain, epochs, hashes, and that it folds to what is stored')
    .argument('[file]', 'a backup; without it the log of the data folder')
    .addOption(dataOption())
    .addOption(outputOption());
  return command
    .addHelpText(
      'after',
      `
Only reads, so the control plane may run meanwhile. Exit code 0: sound, 1: damaged, 3: there is no log.

Examples:
  $ flagstream log verify --data /var/lib/flagstream
  $ flagstream log verify backups/flagstream-20260102T030405Z.db -o json`,
    )
    .action(
      session.action(async (file: string | undefined, options: VerifyOptions) => {
        if (file !== undefined && command.getOptionValueSource('data') === 'cli')
          throw new UsageError('verify takes one log', 'Give a file or --data, not both.');
        const path = file ?? options.data;
        const { verifyLogFile } = await import('@flagstream/control-plane');
        const figures = verifyLogFile(path);
        if (options.output === 'json') printJson(session.terminal, figures);
        else printFigures(session.terminal, figures);
        session.terminal.note(`${path}: the log is sound`);
      }),
    );
}

function reseedCommand(session: CliSession): Command {
  const command = new Command('reseed')
    .description('begin a new epoch from this control plane: what another writer wrote is given up')
    .option('--take-over', 'required: this control plane is the one that goes on')
    .option('-m, --comment <text>', 'required: why')
    .option('--actor <name>', 'who; your user name if not given');
  return withConfirmation(withServer(command))
    .addHelpText(
      'after',
      `
For a log that stopped because another writer used it (LOG_FORKED). A lost or shorter stream is
seeded again without it. Stop the other control plane first.

Example:
  $ flagstream log reseed --take-over -m "copied data folder was started by mistake"`,
    )
    .action(session.action((options: ReseedOptions) => reseed(session, options)));
}

async function reseed(session: CliSession, options: ReseedOptions): Promise<ExitCode> {
  if (options.takeOver !== true)
    throw new UsageError('reseed needs --take-over', 'Only a person decides that a writer is given up.');
  if (options.comment === undefined)
    throw new UsageError('reseed needs a comment', 'Say why with -m: it stays in the log.');
  const go = await confirmed(session, options, {
    what: 'give up what another writer wrote',
    question: `Give up what another writer wrote, and go on from the control plane at ${options.server}?`,
    next: 'Give --yes to do it.',
  });
  if (!go) return EXIT.failure;
  const { actor, comment } = writeFields(options);
  const request = ReseedLogRequest.fromPartial({ takeOver: true, actor, comment });
  const response = await withMaintenance(options, (maintenance) =>
    maintenance.call(maintenance.client.reseedLog, request),
  );
  if (options.output === 'json') printJson(session.terminal, ReseedLogResponse.toJSON(response));
  const { epoch = 0, revision = 0n } = response.revision ?? {};
  session.terminal.note(`epoch ${epoch} begins at revision ${revision}`);
  return EXIT.ok;
}

async function withMaintenance<T>(
  options: ServerOptions,
  run: (maintenance: MaintenanceConnection) => Promise<T>,
): Promise<T> {
  const connection = new MaintenanceConnection(
    parseEndpoint('control plane', options.server, options),
    options.timeout * 1000,
  );
  try {
    return await run(connection);
  } finally {
    connection.close();
  }
}
