/**
 * The text of a flagd file to flags as the control plane stores them.
 *
 * What holds: a text that makes flagd keep its old state throws; a flag that cannot be taken over is left out with its
 * place and the reason, and the others are there.
 */
import { compileSet } from '@flagstream/engine';
import { type FractionalVersion, IMPORTERS, type ImportedFlag } from '@flagstream/importers';
import { Flag, FlagConfig } from '@flagstream/protocol/gen/flagstream/v1/model';
import { type FilePlace, placeText } from '../document/document-problem.ts';
import { type FileNote, importFile } from '../document/import-file.ts';
import type { SourceText } from '../document/load-documents.ts';
import { fitProblem } from './flag-fit.ts';

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
  /** Flags of the same keys in other flag sets of the file, by falling precedence; none unless it is served. */
  readonly namesakes: ReadonlyMap<string, readonly FlagdFlag[]>;
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
  const imported = importFile(IMPORTERS.get(FLAGD)!, source, {
    flagSetsApart: isServed,
    ...(fractional !== undefined && { fractional }),
  });
  const { placeOf, notes } = imported;
  const leftOut: LeftOut[] = imported.report.refused.map(({ flag, path, reason }) => ({
    key: flag,
    place: placeText(placeOf(path)),
    path,
    reason,
  }));
  const problems = firstProblems(imported.flags);
  const taken = new Map<string, FlagdFlag[]>();
  for (const flag of imported.flags) {
    const { key } = flag;
    const stored = storedFlag(flag, isServed ? source.file : undefined);
    const reason = keyProblem(key) ?? problems.get(flag) ?? fitProblem(stored);
    if (reason === undefined) taken.set(key, [...(taken.get(key) ?? []), stored]);
    else leftOut.push({ key, ...placeOfFlag(placeOf, key), reason });
  }
  const flags = new Map<string, FlagdFlag>();
  const namesakes = new Map<string, readonly FlagdFlag[]>();
  for (const [key, same] of taken) {
    const [first, ...behind] = same.sort(byPrecedence);
    flags.set(key, first!);
    if (behind.length > 0) namesakes.set(key, behind);
  }
  return { flags, namesakes, leftOut, notes };
}

function storedFlag({ flag, config }: ImportedFlag, source: string | undefined): FlagdFlag {
  const provenance = source === undefined ? flag.provenance : { ...flag.provenance, source };
  return { flag: Flag.fromJSON({ ...flag, provenance }), config: FlagConfig.fromJSON(config ?? {}) };
}

/** What the engine would not compile: rare, as flagd's expressions fail when they are evaluated. */
function firstProblems(flags: readonly ImportedFlag[]): ReadonlyMap<ImportedFlag, string> {
  const first = new Map<ImportedFlag, string>();
  for (const layer of layersOf(flags)) {
    const { problems } = compileSet(layer.values(), []);
    // Of several of one flag the first remains.
    for (const { key, path, message } of problems.toReversed())
      first.set(layer.get(key)!, `${path}: ${message}`);
  }
  return first;
}

/** Sets in which each key stands once. */
function layersOf(flags: readonly ImportedFlag[]): readonly ReadonlyMap<string, ImportedFlag>[] {
  const layers: Map<string, ImportedFlag>[] = [];
  for (const flag of flags) {
    const free = layers.find((layer) => !layer.has(flag.key));
    if (free === undefined) layers.push(new Map([[flag.key, flag]]));
    else free.set(flag.key, flag);
  }
  return layers;
}

/** As in flagd: the last by the name of its flag set comes first; one without a set comes last. */
function byPrecedence(a: FlagdFlag, b: FlagdFlag): number {
  return Buffer.compare(Buffer.from(flagSetOf(b)), Buffer.from(flagSetOf(a)));
}

/** What is no text is none. */
export function flagSetOf({ flag }: FlagdFlag): string {
  const flagSetId: unknown = flag.metadata?.['flagSetId'];
  return typeof flagSetId === 'string' ? flagSetId : '';
}

/** Of a list the place is the list. */
function placeOfFlag(
  placeOf: (path: string) => FilePlace,
  key: string,
): { readonly place: string; readonly path: string } {
  const path = `flags.${JSON.stringify(key)}`;
  return { place: placeText(placeOf(path)), path };
}
