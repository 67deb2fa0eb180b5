/** The file of `eval --file` to flags that can be asked. */
import type { Problem } from '@flagstream/engine';
import { type FractionalVersion, IMPORTERS } from '@flagstream/importers';
import { isMap, isSeq } from 'yaml';
import { placeText } from '../document/document-problem.ts';
import { type FileNote, importFile } from '../document/import-file.ts';
import { type LoadedFiles, loadDocuments, readSources, type SourceText } from '../document/load-documents.ts';
import { parseText } from '../document/parse-text.ts';
import { UsageError } from '../usage-error.ts';
import { OfflineFlags } from './offline-flags.ts';
import { chooseEnvironment, ownUnits, type WantedEnvironment } from './own-units.ts';

/** The format of `flagstream export`. */
const OWN_FORMAT = 'flagstream';
export const FORMATS: readonly string[] = [OWN_FORMAT, ...IMPORTERS.keys()];
export const FRACTIONAL_VERSIONS: readonly FractionalVersion[] = ['v1', 'v2', 'v3'];

export interface FlagsFile {
  readonly place: string;
  /** Undefined: our own. */
  readonly format: string | undefined;
  readonly fractional: FractionalVersion | undefined;
  /** Given on the command line: that of the file, if it names one. */
  readonly project: string | undefined;
  readonly environment: WantedEnvironment;
}

export interface LoadedFlags {
  readonly flags: OfflineFlags;
  readonly notes: readonly FileNote[];
}

/**
 * @throws UsageError when the file cannot be read or is not what the flags say
 * @throws FlagstreamError INVALID_DOCUMENT when it cannot be used as a whole
 */
export function loadFlags(file: FlagsFile): LoadedFlags {
  const sources = readSources(file.place);
  if (file.format === undefined || file.format === OWN_FORMAT) return loadOwn(sources, file);
  return loadForeign(sources, file, file.format);
}

function loadOwn(
  sources: readonly SourceText[],
  { place, project, environment, fractional }: FlagsFile,
): LoadedFlags {
  if (fractional !== undefined)
    throw new UsageError(
      '--fractional is of flagd files',
      'A file of ours says it for each flag, as jsonLogicDialect.',
    );
  const loaded = ownDocuments(sources, project ?? 'default');
  if (project !== undefined && loaded.project !== undefined && loaded.project !== project)
    throw new UsageError(`${place} is of the project ${loaded.project}, not ${project}`, 'Leave -p out.');
  const chosen = chooseEnvironment(loaded.set, environment, place);
  const units = ownUnits(loaded.set, chosen);
  const placeOf = (problem: Problem): string | undefined =>
    loaded.placeOf(nameOf(problem, chosen), problem.path);
  return { flags: new OfflineFlags(units.flags, units.segments, [], placeOf), notes: [] };
}

/** Below the project. Only a chosen environment has configurations, and problems of them. */
function nameOf({ entity, key }: Problem, environment = ''): string {
  switch (entity) {
    case 'flag':
      return `flags/${key}`;
    case 'flagConfig':
      return `environments/${environment}/flagConfigs/${key}`;
    case 'segment':
      return `segments/${key}`;
  }
}

function ownDocuments(sources: readonly SourceText[], project: string): LoadedFiles {
  try {
    return loadDocuments(sources, project);
  } catch (error) {
    const [source] = sources;
    if (source === undefined || sources.length > 1 || !looksLikeFlagd(source)) throw error;
    throw new UsageError(`${source.file} looks like a file of flagd`, 'Add --format flagd.');
  }
}

/** There the flags are a mapping by key, or a list of flags with a state; here a list beside a format. */
function looksLikeFlagd({ file, text }: SourceText): boolean {
  const document = parseText(file, text).documents[0];
  const flags = document?.get('flags');
  const first = isSeq(flags) ? flags.items[0] : undefined;
  return (isMap(flags) || (isMap(first) && first.has('state'))) && !document?.has('format');
}

function loadForeign(sources: readonly SourceText[], file: FlagsFile, format: string): LoadedFlags {
  const importer = IMPORTERS.get(format);
  const [source] = sources;
  if (importer === undefined || source === undefined || sources.length > 1)
    throw new UsageError(`${file.place} is ${sources.length} files`, `Name one file of ${format}.`);
  const { fractional } = file;
  const { flags, segments, report, notes, placeOf } = importFile(
    importer,
    source,
    fractional === undefined ? {} : { fractional },
  );
  const refused = report.refused.map(({ flag, path, reason }) => ({
    kind: 'flag' as const,
    key: flag,
    reason: `${path}: ${reason}`,
    place: placeText(placeOf(path)),
  }));
  // What does not compile has a path of ours, which the file has not: the flag is what can be shown.
  const placeOfProblem = ({ key }: Problem): string => placeText(placeOf(`flags.${JSON.stringify(key)}`));
  return { flags: new OfflineFlags(flags, segments, refused, placeOfProblem), notes };
}
