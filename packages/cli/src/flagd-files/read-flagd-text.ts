/**
 * The text of a flagd file to flags as the control plane stores them.
 *
 * What holds: a text that makes flagd keep its old state throws; a flag that cannot be taken over is left out with its
 * place and the reason, and the others are there.
 */
import { compileSet } from '@flagstream/engine';
import { type FractionalVersion, IMPORTERS, type ImportedFlag } from '@flagstream/importers';
import { LIMITS } from '@flagstream/protocol';
import { ApplyChangeSetRequest } from '@flagstream/protocol/gen/flagstream/v1/admin';
import { Flag, FlagConfig } from '@flagstream/protocol/gen/flagstream/v1/model';
import { type FilePlace, placeText } from '../document/document-problem.ts';
import { type FileNote, importFile } from '../document/import-file.ts';
import type { SourceText } from '../document/load-documents.ts';

/** The name that imported flags' provenance has. */
export const FLAGD = 'flagd';

/** A flag that is not taken over. */
export interface LeftOut {
  /** As the file has it; "" for one without a key. */
  readonly key: string;
  /** "demo.flagd.json:12:5" */
  readonly place: string;
  /** Into the document: "flags.banner.variants". */
  readonly path: string;
  readonly reason: string;
}

export interface FlagdFlag {
  readonly flag: Flag;
  readonly config: FlagConfig;
}

export interface FlagdFlags {
  readonly flags: ReadonlyMap<string, FlagdFlag>;
  readonly leftOut: readonly LeftOut[];
  readonly notes: readonly FileNote[];
}

export interface ReadingOptions {
  readonly fractional: FractionalVersion | undefined;
  /** The flags are served from the file, and selected by its name. */
  readonly isServed: boolean;
  /** Why a flag cannot have this key; undefined: it can. */
  readonly keyProblem: (key: string) => string | undefined;
}

/** "note: flags.x.state is neither ENABLED nor DISABLED": flagd logs such a thing and takes the flag. */
export function noteText({ path, message }: Pick<FileNote, 'path' | 'message'>): string {
  return `note: ${path} ${message}`;
}

export function leftOutText({ key, path, reason }: LeftOut): string {
  return `${key === '' ? 'a flag' : `flag ${JSON.stringify(key)}`} is left out: ${path}: ${reason}`;
}

/** @throws FlagstreamError INVALID_DOCUMENT, with the place */
export function readFlagdText(source: SourceText, options: ReadingOptions): FlagdFlags {
  const { fractional, isServed, keyProblem } = options;
  const imported = importFile(IMPORTERS.get(FLAGD)!, source, fractional);
  const { placeOf, notes } = imported;
  const leftOut: LeftOut[] = imported.report.refused.map(({ flag, path, reason }) => ({
    key: flag,
    place: placeText(placeOf(path)),
    path,
    reason,
  }));
  const problems = firstProblems(imported.flags);
  const flags = new Map<string, FlagdFlag>();
  for (const flag of imported.flags) {
    const { key } = flag;
    const stored = storedFlag(flag, isServed ? source.file : undefined);
    const reason = keyProblem(key) ?? problems.get(key) ?? sizeProblem(stored) ?? depthProblem(stored);
    if (reason === undefined) flags.set(key, stored);
    else leftOut.push({ key, ...placeOfFlag(placeOf, key), reason });
  }
  return { flags, leftOut, notes };
}

function storedFlag({ flag, config }: ImportedFlag, source: string | undefined): FlagdFlag {
  const provenance = source === undefined ? flag.provenance : { ...flag.provenance, source };
  return { flag: Flag.fromJSON({ ...flag, provenance }), config: FlagConfig.fromJSON(config ?? {}) };
}

/** What the engine would not compile, by key: rare, as flagd's expressions fail when they are evaluated. */
function firstProblems(flags: readonly ImportedFlag[]): ReadonlyMap<string, string> {
  const { problems } = compileSet(flags, []);
  // Of several of one flag the first remains.
  return new Map(problems.toReversed().map(({ key, path, message }) => [key, `${path}: ${message}`]));
}

function sizeProblem({ flag, config }: FlagdFlag): string | undefined {
  const limit = LIMITS.entityBytesMax;
  const bytes = Math.max(Flag.encode(flag).finish().length, FlagConfig.encode(config).finish().length);
  return bytes <= limit ? undefined : `The flag has ${bytes} bytes, the limit is ${limit}.`;
}

/** A request that holds one flag that cannot be read is refused with all others. */
function depthProblem({ flag, config }: FlagdFlag): string | undefined {
  const request = ApplyChangeSetRequest.fromPartial({
    changes: [{ change: { $case: 'flag', value: flag } }, { change: { $case: 'flagConfig', value: config } }],
  });
  try {
    ApplyChangeSetRequest.decode(ApplyChangeSetRequest.encode(request).finish());
    return undefined;
  } catch {
    return 'It nests deeper than messages may: 100 levels, of which an operator in JSONLogic takes three to five.';
  }
}

/** Of a list the place is the list. */
function placeOfFlag(
  placeOf: (path: string) => FilePlace,
  key: string,
): { readonly place: string; readonly path: string } {
  const path = `flags.${JSON.stringify(key)}`;
  return { place: placeText(placeOf(path)), path };
}
