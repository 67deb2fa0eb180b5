/** `flagstream plan` and `apply`: from files to the control plane, as one revision or not at all. */
import { ApplyChangeSetResponse } from '@flagstream/protocol/gen/flagstream/v1/admin';
import { Command } from 'commander';
import type { CliSession } from '../cli-session.ts';
import type { AdminConnection } from '../connection/admin-connection.ts';
import { type LoadedFiles, loadDocuments, readSources } from '../document/load-documents.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { type ConfirmationOptions, confirmed, withConfirmation } from '../options/confirmation.ts';
import { type ProjectOptions, withAdmin, withProject } from '../options/connection-options.ts';
import {
  revisionText,
  type WriteFields,
  type WriteOptions,
  withWrite,
  writeFields,
} from '../options/write-options.ts';
import { counted } from '../output/flag-text.ts';
import { printJson } from '../output/json-output.ts';
import { changeLine, summaryText } from '../output/plan-text.ts';
import { applyPlan, checkPlan, type PlaceOf } from '../plan/checked-plan.ts';
import { makePlan, type PlannedChange } from '../plan/make-plan.ts';
import { planJson } from '../plan/plan-json.ts';
import { readProject } from '../plan/project-state.ts';

export interface PlanCommandOptions extends ProjectOptions, WriteOptions {
  readonly file: string;
  readonly prune?: boolean;
}

export interface ApplyOptions extends PlanCommandOptions, ConfirmationOptions {}

export const CONFIRM_NEXT = 'Give --yes to apply it, or --dry-run to look only.';
export const FILE_HELP = 'file, folder with .yaml, .yml and .json files, or - for stdin';

export function planCommand(session: CliSession): Command {
  const command = new Command('plan')
    .description('show what applying files would change; exit code 10 if anything would')
    .requiredOption('-f, --file <path>', FILE_HELP)
    .option('--prune', 'archive flags and segments that the files lack');
  return withProject(command).action(
    session.action((options: PlanCommandOptions) => showPlan(session, command, options)),
  );
}

export function applyCommand(session: CliSession): Command {
  const command = new Command('apply')
    .description('make the project like files, as one revision; shows the plan first')
    .requiredOption('-f, --file <path>', FILE_HELP)
    .option('--prune', 'archive flags and segments that the files lack');
  return withConfirmation(withWrite(withProject(command)))
    .addHelpText(
      'after',
      `
Examples:
  $ flagstream apply -f flags/ --dry-run
  $ flagstream apply -f flags.yaml --yes -m "autumn campaign"
  $ flagstream export | flagstream apply -f - -p copy-of-shop --yes`,
    )
    .action(session.action((options: ApplyOptions) => carryOut(session, command, options)));
}

/** Prints the plan. */
export async function showPlan(
  session: CliSession,
  command: Command,
  options: PlanCommandOptions,
): Promise<ExitCode> {
  // Looking changes nothing, so that it needs no comment, in protected environments neither.
  const write = { ...writeFields(options), comment: options.comment ?? 'plan' };
  const { changes } = await withAdmin(options, (admin) => preparePlan(admin, command, options, write));
  printPlan(session, options, changes);
  return changes.length === 0 ? EXIT.ok : EXIT.changes;
}

/** Shows what would change, asks, and applies it. */
export async function carryOut(
  session: CliSession,
  command: Command,
  options: ApplyOptions,
): Promise<ExitCode> {
  const { terminal } = session;
  return withAdmin(options, async (admin) => {
    const write = writeFields(options);
    const { changes, files } = await preparePlan(admin, command, options, write);
    const apply = changes.length > 0 && options.dryRun !== true;
    if (!apply || options.output !== 'json') printPlan(session, options, changes);
    if (!apply) return EXIT.ok;
    const question = `Apply ${counted(changes.length, 'change')}?`;
    if (!(await confirmed(session, options, { what: 'apply this', question, next: CONFIRM_NEXT })))
      return EXIT.failure;
    const response = await applyPlan(admin, changes, write, placesIn(files));
    if (options.output === 'json') printJson(terminal, ApplyChangeSetResponse.toJSON(response));
    terminal.note(
      `${counted(changes.length, 'change')} applied${response.revision === undefined ? '' : ` (${revisionText(response.revision)})`}`,
    );
    return EXIT.ok;
  });
}

async function preparePlan(
  admin: AdminConnection,
  command: Command,
  options: PlanCommandOptions,
  write: WriteFields,
): Promise<{ readonly changes: readonly PlannedChange[]; readonly files: LoadedFiles }> {
  const files = loadDocuments(readSources(options.file), options.project);
  // What the files say is better than a default, and what was typed is better than both.
  const typed = command.getOptionValueSource('project') !== 'default';
  const project = typed ? options.project : (files.project ?? options.project);
  const current = await readProject(admin, project);
  const plan = makePlan(current, files.set, { project, prune: options.prune === true });
  return { changes: await checkPlan(admin, plan, write, placesIn(files)), files };
}

function placesIn(files: LoadedFiles): PlaceOf {
  return (name, path) => files.placeOf(name, path);
}

function printPlan(
  { terminal }: CliSession,
  options: PlanCommandOptions,
  changes: readonly PlannedChange[],
): void {
  if (options.output === 'json') {
    printJson(terminal, changes.map(planJson));
    return;
  }
  for (const change of changes) terminal.print(changeLine(terminal, change));
  terminal.note(changes.length === 0 ? 'no changes' : summaryText(changes));
}
