/** `flagstream import`: takes in what `export` wrote, or a file of another system. */
import { type FractionalVersion, IMPORTERS } from '@flagstream/importers';
import { fail, isFlagKey } from '@flagstream/protocol';
import { Command, Option } from 'commander';
import type { CliSession } from '../cli-session.ts';
import { placeText } from '../document/document-problem.ts';
import { foreignPlaces } from '../document/foreign-document.ts';
import { readSources, type SourceText } from '../document/load-documents.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { importedSet } from '../flagd-files/imported-set.ts';
import {
  type FlagdFlags,
  type LeftOut,
  leftOutText,
  noteText,
  readFlagdText,
} from '../flagd-files/read-flagd-text.ts';
import { FLAG_KEY_FORM } from '../key-form.ts';
import { FRACTIONAL_VERSIONS } from '../offline/load-flags.ts';
import { confirmed, withConfirmation } from '../options/confirmation.ts';
import { type EnvironmentOptions, withAdmin, withEnvironment } from '../options/connection-options.ts';
import { revisionText, withWrite, writeFields } from '../options/write-options.ts';
import { counted } from '../output/flag-text.ts';
import { printJson } from '../output/json-output.ts';
import { changeLine, summaryText } from '../output/plan-text.ts';
import { applyPlan, checkPlan } from '../plan/checked-plan.ts';
import { makePlan, type PlannedChange } from '../plan/make-plan.ts';
import { planJson } from '../plan/plan-json.ts';
import { readProject } from '../plan/project-state.ts';
import { UsageError } from '../usage-error.ts';
import { type ApplyOptions, CONFIRM_NEXT, carryOut, FILE_HELP } from './apply.ts';

interface ImportOptions extends Omit<ApplyOptions, 'file'>, EnvironmentOptions {
  readonly from?: string;
  readonly fractional?: FractionalVersion;
  readonly allowRefused?: boolean;
}

/** More lines hide the first ones. */
const NOTES_SHOWN = 20;
const OF_OTHERS = ['fractional', 'allowRefused', 'environment'] as const;

export function importCommand(session: CliSession): Command {
  const command = new Command('import')
    .description('take in an exported file, or one of another system: creates and updates, archives nothing')
    .argument('<file>', FILE_HELP)
    .addOption(
      new Option(
        '--from <system>',
        'the file is of this system, and its flags are for one environment',
      ).choices([...IMPORTERS.keys()]),
    )
    .addOption(
      new Option(
        '--fractional <version>',
        'how "fractional" of a flagd file places users; v2 if not given',
      ).choices(FRACTIONAL_VERSIONS),
    )
    .option('--allow-refused', 'take in the rest of a file of which some flags cannot be taken over');
  return withConfirmation(withWrite(withEnvironment(command)))
    .addHelpText(
      'after',
      `
Examples:
  $ flagstream import flags.yaml -p copy-of-shop
  $ flagstream import --from flagd demo.flagd.json --dry-run
  $ flagstream import --from flagd demo.flagd.json -e production --yes -m "from flagd"

With --from, rules stay in the JSONLogic that they are written in. What stands beside them here (owner,
description, tags) is kept. Exit code 7, and nothing is written, if a flag cannot be taken over.`,
    )
    .action(
      session.action((file: string, options: ImportOptions) => {
        if (options.from !== undefined) return importForeign(session, file, options);
        const stray = OF_OTHERS.find((name) => command.getOptionValueSource(name) === 'cli');
        if (stray !== undefined)
          throw new UsageError(
            `${optionName(command, stray)} needs --from`,
            'A file of ours names its environments; name the system that another one is of: --from flagd.',
          );
        return carryOut(session, command, { ...options, file });
      }),
    );
}

async function importForeign(session: CliSession, file: string, options: ImportOptions): Promise<ExitCode> {
  const { terminal } = session;
  const source = onlySource(file);
  const read = readFlagdText(source, {
    fractional: options.fractional,
    isServed: false,
    keyProblem: (key) =>
      isFlagKey(key) ? undefined : `${FLAG_KEY_FORM} Rename the flag, or serve the file.`,
  });
  const isJson = options.output === 'json';
  if (!isJson) tellReport(session, read);
  const isRefused = read.leftOut.length > 0 && options.allowRefused !== true;
  return withAdmin(options, async (admin) => {
    const write = writeFields(options);
    const current = await readProject(admin, options.project);
    const wanted = importedSet(read.flags, current, options.environment);
    const plan = makePlan(current, wanted, { project: options.project, prune: false });
    const placeIn = foreignPlaces(source);
    const placeOf = (name: string): string =>
      placeText(placeIn(`flags.${JSON.stringify(name.slice(name.lastIndexOf('/') + 1))}`));
    const changes = await checkPlan(admin, plan, write, placeOf);
    const report = (revision: string | undefined): void => {
      if (isJson) printJson(terminal, reportJson(read, changes, revision));
    };
    if (!isJson) for (const change of changes) terminal.print(changeLine(terminal, change));
    if (isRefused) {
      report(undefined);
      throw refusedError(file, read.leftOut);
    }
    if (changes.length === 0 || options.dryRun === true) {
      report(undefined);
      terminal.note(changes.length === 0 ? 'no changes' : summaryText(changes));
      return EXIT.ok;
    }
    const question = `Import ${counted(read.flags.size, 'flag')} into ${options.environment}?`;
    if (!(await confirmed(session, options, { what: 'import this', question, next: CONFIRM_NEXT })))
      return EXIT.failure;
    const { revision } = await applyPlan(admin, changes, write, placeOf);
    const at = revision === undefined ? undefined : revisionText(revision);
    report(at);
    terminal.note(
      `${counted(read.flags.size, 'flag')} imported, ${counted(changes.length, 'change')}${at === undefined ? '' : ` (${at})`}`,
    );
    return EXIT.ok;
  });
}

function onlySource(file: string): SourceText {
  const sources = readSources(file);
  const [source] = sources;
  if (source === undefined || sources.length > 1)
    throw new UsageError(`${file} is ${sources.length} files`, 'Name one file.');
  return source;
}

function tellReport({ terminal }: CliSession, { leftOut, notes }: FlagdFlags): void {
  for (const one of leftOut.slice(0, NOTES_SHOWN)) terminal.note(`${one.place}: ${leftOutText(one)}`);
  for (const note of notes.slice(0, NOTES_SHOWN)) terminal.note(`${note.place}: ${noteText(note)}`);
  const more = Math.max(0, leftOut.length - NOTES_SHOWN) + Math.max(0, notes.length - NOTES_SHOWN);
  if (more > 0) terminal.note(`and ${more} more; -o json tells all`);
}

function refusedError(file: string, leftOut: readonly LeftOut[]): Error {
  const words = `${counted(leftOut.length, 'flag')} of ${file} cannot be taken over; nothing was written`;
  return fail('INVALID_DOCUMENT', words, {
    metadata: { next: 'Correct the file, or take in the rest with --allow-refused.' },
  });
}

function reportJson(
  { flags, leftOut, notes }: FlagdFlags,
  changes: readonly PlannedChange[],
  revision: string | undefined,
): unknown {
  return {
    flags: [...flags.keys()],
    changes: changes.map(planJson),
    refused: leftOut.map(({ key, ...refusal }) => ({ flag: key, ...refusal })),
    notes,
    ...(revision !== undefined && { revision }),
  };
}

function optionName(command: Command, attribute: string): string {
  return command.options.find((option) => option.attributeName() === attribute)?.long ?? attribute;
}
