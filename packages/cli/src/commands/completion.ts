/** `flagstream completion`: prints a completion script made from the command tree. */
import { Argument, Command } from 'commander';
import type { CliSession } from '../cli-session.ts';
import { commandWords } from '../completion/command-words.ts';
import { completionScript, SHELLS, type Shell } from '../completion/shell-scripts.ts';

export function completionCommand(session: CliSession): Command {
  const command = new Command('completion')
    .description('print a completion script for a shell')
    .addArgument(new Argument('<shell>', 'shell').choices(SHELLS))
    .addHelpText(
      'after',
      `
Examples:
  $ source <(flagstream completion bash)
  $ flagstream completion fish > ~/.config/fish/completions/flagstream.fish`,
    );
  return command.action(
    session.action(async (shell: Shell) => {
      const program = command.parent ?? command;
      session.terminal.print(completionScript(shell, commandWords(program)));
    }),
  );
}
