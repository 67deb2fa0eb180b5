/** `flagstream backup`: a copy of the log that is known to be whole, and back again. */
import { Command } from 'commander';
import type { CliSession } from '../cli-session.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { type ConfirmationOptions, confirmed, withConfirmation } from '../options/confirmation.ts';
import { outputOption } from '../options/connection-options.ts';
import { dataOption } from '../options/data-option.ts';
import { type OutputFormat, printJson } from '../output/json-output.ts';
import { printFigures } from '../output/log-text.ts';

interface BackupOptions {
  readonly data: string;
  readonly output: OutputFormat;
}

interface RestoreOptions extends BackupOptions, ConfirmationOptions {
  readonly replace?: boolean;
}

export function backupCommand(session: CliSession): Command {
  return new Command('backup')
    .description('backups of the log: create, restore')
    .addCommand(createCommand(session))
    .addCommand(restoreCommand(session));
}

function createCommand(session: CliSession): Command {
  return new Command('create')
    .description('copy the log to a new file and verify it; the control plane may run meanwhile')
    .argument('<file>', 'file to write; never overwritten')
    .addOption(dataOption())
    .addOption(outputOption())
    .action(
      session.action(async (file: string, options: BackupOptions) => {
        const { backUpLog } = await import('@flagstream/control-plane');
        const made = backUpLog(options.data, file);
        if (options.output === 'json') printJson(session.terminal, made);
        else printFigures(session.terminal, made);
        session.terminal.note(`${made.path}: a backup up to revision ${made.revision}, verified`);
      }),
    );
}

function restoreCommand(session: CliSession): Command {
  const command = new Command('restore')
    .description('verify a backup and put it into a data folder; the control plane must be stopped')
    .argument('<file>', 'a backup')
    .addOption(dataOption())
    .addOption(outputOption())
    .option('--replace', 'the folder holds a log: keep that aside under another name');
  return withConfirmation(command)
    .addHelpText(
      'after',
      `
The control plane that starts on it first takes what NATS still holds beyond the backup, then
goes on in a new epoch: what came after the backup may have been seen. Where NATS is not named,
or does not have the log's stream, writes wait until it is started with --without-stream. Only
a log that was never shipped, with no NATS named, goes on at once.
To put a backup back once more, use --replace: the epochs begun since then are not used again.

Example:
  $ flagstream backup restore backups/flagstream-20260102T030405Z.db --data /var/lib/flagstream`,
    )
    .action(session.action((file: string, options: RestoreOptions) => restore(session, file, options)));
}

async function restore(session: CliSession, file: string, options: RestoreOptions): Promise<ExitCode> {
  const replace = options.replace === true;
  if (replace) {
    const go = await confirmed(session, options, {
      what: 'replace the log',
      question: `Replace the log in ${options.data}? It is kept aside.`,
      next: 'Give --yes to do it.',
    });
    if (!go) return EXIT.failure;
  }
  const { restoreLog } = await import('@flagstream/control-plane');
  const restored = restoreLog(file, options.data, { replace, nowMs: Date.now() });
  const { terminal } = session;
  if (options.output === 'json') printJson(terminal, restored);
  else printFigures(terminal, restored);
  if (restored.keptAs !== undefined) terminal.note(`the log that was there is ${restored.keptAs}`);
  if (!restored.epochsKnown)
    terminal.note(
      'which epochs that one had begun could not be read: the next one is chosen by an estimate, far above what is known',
    );
  terminal.note(
    `${restored.path}: restored up to revision ${restored.revision}; once it has seen its stream it goes on in a new epoch`,
  );
  return EXIT.ok;
}
