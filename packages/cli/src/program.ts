/**
 * Runs a command line. Commands throw or answer an exit code; nothing in here ends
 * the process.
 */
import { Command, CommanderError } from 'commander';
import type { CliSession } from './cli-session.ts';
import { serveCommand } from './commands/serve.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import { loadRoles } from './roles/roles.ts';
import { VERSION } from './version.ts';

/** Commands whose flags are the settings of roles. */
const ROLE_COMMANDS = new Set(['serve', 'config', 'completion', 'help']);

export function programOf(session: CliSession, commands: readonly Command[]): Command {
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
  for (const command of commands) program.addCommand(command);
  adapt(program, session);
  return program;
}

/** Runs one command line (without the node and script arguments). */
export async function runProgram(session: CliSession, words: readonly string[]): Promise<ExitCode> {
  try {
    const program = await programFor(session, words[0] ?? '');
    await program.parseAsync([...words], { from: 'user' });
    return session.exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    session.fail(error);
    return session.exitCode;
  }
}

async function programFor(session: CliSession, command: string): Promise<Command> {
  const roles = ROLE_COMMANDS.has(command) ? await loadRoles() : undefined;
  if (command === 'serve') return programOf(session, [serveCommand(session, roles)]);
  const { buildProgram } = await import('./all-commands.ts');
  return buildProgram(session, roles);
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
