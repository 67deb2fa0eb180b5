/**
 * The command tree. Commands throw or answer an exit code; nothing in here ends
 * the process.
 */
import { Command, CommanderError } from 'commander';
import type { CliSession } from './cli-session.ts';
import { applyCommand, importCommand, planCommand } from './commands/apply.ts';
import { backupCommand } from './commands/backup.ts';
import { blameCommand } from './commands/blame.ts';
import { completionCommand } from './commands/completion.ts';
import { configCommand } from './commands/config.ts';
import { demoCommand } from './commands/demo.ts';
import { devCommand } from './commands/dev.ts';
import { diffCommand } from './commands/diff.ts';
import { doctorCommand } from './commands/doctor.ts';
import { environmentCommand } from './commands/environment.ts';
import { evalCommand } from './commands/eval.ts';
import { exportCommand, schemaCommand } from './commands/export.ts';
import { flagCommand } from './commands/flag.ts';
import { clientsCommand, nodesCommand, waitCommand } from './commands/fleet.ts';
import { healthCommand } from './commands/health.ts';
import { changesCommand, historyCommand } from './commands/history.ts';
import { keyCommand } from './commands/key.ts';
import { logCommand } from './commands/log.ts';
import { projectCommand } from './commands/project.ts';
import { revertCommand } from './commands/revert.ts';
import { segmentCommand } from './commands/segment.ts';
import { serveCommand } from './commands/serve.ts';
import { watchCommand } from './commands/watch.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import { loadRoles, type Roles } from './roles/roles.ts';
import { VERSION } from './version.ts';

/** Commands whose flags are the settings of roles. */
const ROLE_COMMANDS = new Set(['serve', 'config', 'completion', 'help']);

export function buildProgram(session: CliSession, roles: Roles | undefined): Command {
  const program = new Command('flagstream')
    .description('Feature flags that change in real time.')
    .version(VERSION, '--version', 'print the version')
    .addHelpText(
      'after',
      `
Examples:
  $ flagstream demo
  $ flagstream dev --seed demo
  $ flagstream flag list -e production
  $ flagstream flag rollout new-checkout 10% -e production
  $ flagstream eval new-checkout -c '{"targetingKey":"u1"}' --explain

Exit codes: 0 ok, 1 failure, 2 usage, 3 not found, 4 conflict, 5 denied, 6 unavailable, 7 not valid,
10 changes (plan, diff), 78 configuration, 130 interrupted.`,
    );
  for (const command of [
    demoCommand(session),
    devCommand(session),
    serveCommand(session, roles),
    flagCommand(session),
    segmentCommand(session),
    environmentCommand(session),
    projectCommand(session),
    keyCommand(session),
    evalCommand(session),
    watchCommand(session),
    waitCommand(session),
    nodesCommand(session),
    clientsCommand(session),
    planCommand(session),
    applyCommand(session),
    diffCommand(session),
    exportCommand(session),
    importCommand(session),
    schemaCommand(session),
    historyCommand(session),
    changesCommand(session),
    blameCommand(session),
    revertCommand(session),
    logCommand(session),
    backupCommand(session),
    healthCommand(session),
    doctorCommand(session),
    configCommand(session, roles),
    completionCommand(session),
  ])
    program.addCommand(command);
  adapt(program, session);
  return program;
}

/** Runs one command line (without the node and script arguments). */
export async function runProgram(session: CliSession, words: readonly string[]): Promise<ExitCode> {
  try {
    const roles = ROLE_COMMANDS.has(words[0] ?? '') ? await loadRoles() : undefined;
    await buildProgram(session, roles).parseAsync([...words], { from: 'user' });
    return session.exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    session.fail(error);
    return session.exitCode;
  }
}

/** Commander is to throw in place of exiting, and to write where the session writes. */
function adapt(command: Command, session: CliSession): void {
  const { terminal } = session;
  command
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.print(text.trimEnd()),
      writeErr: (text) => terminal.note(text.trimEnd()),
      outputError: (text, write) =>
        write(`${text.trimEnd()}\n  next   flagstream ${pathOf(command)}--help lists what there is`),
    })
    .configureHelp({ showGlobalOptions: false })
    .showSuggestionAfterError(true);
  for (const child of command.commands) adapt(child, session);
}

/** "flag rollout ", and "" for the program itself. */
function pathOf(command: Command): string {
  return command.parent === null ? '' : `${pathOf(command.parent)}${command.name()} `;
}
