/** Commands that ask before they act: `--yes` answers for whoever cannot be asked. */
import type { Command } from 'commander';
import type { CliSession } from '../cli-session.ts';
import { UsageError } from '../usage-error.ts';

export interface ConfirmationOptions {
  readonly yes?: boolean;
}

export function withConfirmation(command: Command): Command {
  return command.option('-y, --yes', 'do not ask; needed where nobody can be asked');
}

/**
 * Whether to go on; says so when not.
 * @param what is asked about, "apply this"
 * @param next what to type where nobody can be asked
 */
export async function confirmed(
  { terminal }: CliSession,
  options: ConfirmationOptions,
  { what, question, next }: { readonly what: string; readonly question: string; readonly next: string },
): Promise<boolean> {
  if (options.yes === true) return true;
  if (!terminal.canAsk) throw new UsageError(`nobody can be asked whether to ${what}`, next);
  if (await terminal.confirm(question)) return true;
  terminal.note('nothing was changed');
  return false;
}
