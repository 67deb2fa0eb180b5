/** `flagstream revert`: an earlier change taken back, as a new revision. */
import { flagConfigName, flagName, parseName, projectName } from '@flagstream/protocol';
import { ChangeAction, RevertRequest, RevertResponse } from '@flagstream/protocol/gen/flagstream/v1/admin';
import { Command } from 'commander';
import type { CliSession } from '../cli-session.ts';
import {
  type ProjectOptions,
  parseFlagKey,
  parseKey,
  withAdmin,
  withProject,
} from '../options/connection-options.ts';
import { parseRevision } from '../options/revision.ts';
import { noteWrite, type WriteOptions, withWrite, writeFields } from '../options/write-options.ts';
import { counted } from '../output/flag-text.ts';
import { printJson } from '../output/json-output.ts';
import { changeLine } from '../output/plan-text.ts';
import { resourceLabel } from '../output/resource-label.ts';
import { UsageError } from '../usage-error.ts';

interface RevertOptions extends ProjectOptions, WriteOptions {
  readonly to?: boolean;
  readonly flag?: string;
  readonly environment?: string;
  readonly name?: string;
}

export function revertCommand(session: CliSession): Command {
  const command = new Command('revert')
    .description('take back what one revision changed, or with --to restore the state as it was at it')
    .argument('<revision>', 'revision', parseRevision)
    .option('--to', 'restore the state as it was at this revision')
    .option('--flag <key>', 'only this flag', parseFlagKey)
    .option('-e, --environment <key>', "only the flag's configuration in this environment", parseKey)
    .option('--name <name>', 'only the resource of this name');
  return withWrite(withProject(command))
    .addHelpText(
      'after',
      `
Examples:
  $ flagstream revert 42 -m "checkout errors"
  $ flagstream revert 40 --to --flag new-checkout -e production --dry-run`,
    )
    .action(
      session.action(async (revision: bigint, options: RevertOptions) => {
        const target = {
          $case: options.to === true ? 'toRevision' : 'undoRevision',
          value: revision,
        } as const;
        const request = RevertRequest.fromPartial({
          target,
          name: scopeName(options),
          ...writeFields(options),
        });
        const response = await withAdmin(options, (admin) => admin.call(admin.client.revert, request));
        const { terminal } = session;
        const outcomes = response.outcomes.filter(({ action }) => action !== ChangeAction.NONE);
        if (options.output === 'json') printJson(terminal, RevertResponse.toJSON(response));
        else
          for (const { name, action } of outcomes)
            terminal.print(changeLine(terminal, { action, label: resourceLabel(name), fields: [] }));
        if (outcomes.length === 0) terminal.note('no changes: it is so already');
        else {
          const what =
            options.to === true
              ? `state of revision ${revision} restored`
              : `revision ${revision} taken back`;
          noteWrite(session, options, `${what}: ${counted(outcomes.length, 'change')}`, response.revision);
        }
      }),
    );
}

/** The resource that is reverted: what was named, or the project when a state is restored. */
function scopeName({ to, flag, environment, name, project }: RevertOptions): string {
  if (name !== undefined) {
    if (flag !== undefined || parseName(name) === undefined)
      throw new UsageError(
        `--name ${name} is not one resource name`,
        'Write for example projects/shop/segments/staff.',
      );
    return name;
  }
  if (flag !== undefined)
    return environment === undefined ? flagName(project, flag) : flagConfigName(project, environment, flag);
  if (environment !== undefined)
    throw new UsageError('-e needs --flag here', 'Name the flag whose configuration is reverted.');
  return to === true ? projectName(project) : '';
}
