/** What is wrong in a file, and where. */
import { fail } from '@flagstream/protocol';

export interface FilePlace {
  readonly file: string;
  /** From 1; absent where the whole file is meant. */
  readonly line?: number;
  readonly column?: number;
}

export interface DocumentProblem extends FilePlace {
  /** "flags[2].configs.production.rules[0].id", "" for the whole document. */
  readonly path: string;
  readonly message: string;
}

/** More than these hide the first ones. */
const PROBLEMS_SHOWN = 20;

/** The error INVALID_DOCUMENT that names every problem with its place. */
export function documentError(problems: readonly DocumentProblem[]): Error {
  const fields = problems.map((problem) => ({
    field: placeText(problem),
    description: problem.path === '' ? problem.message : `${problem.path}: ${problem.message}`,
  }));
  const lines = fields.slice(0, PROBLEMS_SHOWN).map(({ field, description }) => `${field}: ${description}`);
  const more = fields.length - lines.length;
  const [only] = lines;
  const message =
    lines.length === 1 && only !== undefined
      ? only
      : `${fields.length} problems:\n${lines.map((line) => `  ${line}`).join('\n')}${more > 0 ? `\n  and ${more} more` : ''}`;
  return fail('INVALID_DOCUMENT', message, { fields: fields.slice(0, PROBLEMS_SHOWN) });
}

/** "flags.yaml:12:5", or the file alone. */
export function placeText({ file, line, column }: FilePlace): string {
  return line === undefined ? file : `${file}:${line}:${column ?? 1}`;
}
