/** Flags of commands that serve flagd's files: `dev` and `serve`. */
import type { FractionalVersion } from '@flagstream/importers';
import { InvalidArgumentError, Option } from 'commander';
import { FRACTIONAL_VERSIONS } from '../offline/load-flags.ts';
import { UsageError } from '../usage-error.ts';

/** As they are typed. */
export interface FlagdFilesOptions {
  readonly flags?: readonly string[];
  readonly fractional?: FractionalVersion;
}

export interface FlagdFiles {
  /** Each once. */
  readonly files: readonly string[];
  readonly fractional: FractionalVersion | undefined;
}

/** Each file is followed by itself. */
const FLAG_FILES_MAX = 100;

export function flagdFilesOption(): Option {
  return new Option(
    '--flags <file>',
    'serve this flagd file as it is and follow its changes; may be repeated',
  ).argParser(collectFile);
}

export function fractionalOption(): Option {
  return new Option(
    '--fractional <version>',
    'how "fractional" of a flagd file places users; v2 if not given',
  ).choices(FRACTIONAL_VERSIONS);
}

/** Undefined: no file is to be served. @throws UsageError for a flag that needs --flags, where there is none */
export function flagdFilesOf({ flags: files, fractional }: FlagdFilesOptions): FlagdFiles | undefined {
  if (files !== undefined) return { files, fractional };
  if (fractional === undefined) return undefined;
  throw new UsageError('--fractional needs --flags', 'Name the flagd file: --flags FILE.');
}

function collectFile(file: string, before: readonly string[] = []): readonly string[] {
  if (before.length === FLAG_FILES_MAX)
    throw new InvalidArgumentError(`At most ${FLAG_FILES_MAX} files are followed.`);
  return before.includes(file) ? before : [...before, file];
}
