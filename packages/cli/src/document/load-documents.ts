/**
 * Files to a flag set: one file, all of a folder, or stdin. Several files are
 * one set; what two of them describe is an error that names both.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isKey, LIMITS } from '@flagstream/protocol';
import { FlagDocument } from '@flagstream/protocol/gen/flagstream/v1/document';
import type { Environment, Flag, FlagConfig, Segment } from '@flagstream/protocol/gen/flagstream/v1/model';
import { UsageError } from '../usage-error.ts';
import { checkDocument } from './check-document.ts';
import { type DocumentProblem, documentError } from './document-problem.ts';
import { DOCUMENT_FORMAT, documentType } from './document-type.ts';
import { type FlagSet, keyInDocument } from './flag-set.ts';
import { parseText } from './parse-text.ts';

export interface SourceText {
  /** For messages. */
  readonly file: string;
  readonly text: string;
}

export interface LoadedFiles {
  readonly set: FlagSet;
  /** The project that the files name, if they do. */
  readonly project: string | undefined;
}

const EXTENSIONS = /\.(ya?ml|json)$/i;
const STDIN_FD = 0;
const FILES_MAX = 10_000;

/**
 * Texts of a file, of every YAML and JSON file in and below a folder, or of stdin ("-").
 * @throws UsageError when there is nothing to read
 */
export function readSources(place: string): readonly SourceText[] {
  if (place === '-') return [{ file: 'stdin', text: readFileSync(STDIN_FD, 'utf8') }];
  const files = listFiles(place);
  if (files.length === 0)
    throw new UsageError(
      `${place} holds no .yaml, .yml or .json file`,
      'Name a file, or a folder with flag files.',
    );
  if (files.length > FILES_MAX)
    throw new UsageError(
      `${place} holds more than ${FILES_MAX} files`,
      'Name the folder with the flag files.',
    );
  return files.map((file) => ({ file, text: readFile(file) }));
}

/**
 * What the texts describe.
 * @param project expected in full resource names when a document names none
 * @throws FlagstreamError INVALID_DOCUMENT with every problem and its place
 */
export function loadDocuments(sources: readonly SourceText[], project: string): LoadedFiles {
  const problems: DocumentProblem[] = [];
  const builder = new SetBuilder(problems, project);
  for (const { file, text } of sources) {
    const { documents, lines } = parseText(file, text);
    for (const document of documents) {
      // An empty document, such as a file of comments, describes nothing.
      if (document.contents === null) continue;
      const found = checkDocument(file, document, lines, documentType());
      problems.push(...found);
      if (found.length === 0) builder.add(file, FlagDocument.fromJSON(document.toJS({ maxAliasCount: -1 })));
    }
  }
  if (problems.length > 0) throw documentError(problems);
  return builder;
}

class SetBuilder implements LoadedFiles {
  readonly #environments = new Map<string, Environment>();
  readonly #segments = new Map<string, Segment>();
  readonly #flags = new Map<string, Flag>();
  readonly #configs = new Map<string, Map<string, FlagConfig>>();
  readonly #problems: DocumentProblem[];
  readonly #fallbackProject: string;
  /** File in which an entity was first described. */
  readonly #origins = new Map<string, string>();
  project: string | undefined;

  constructor(problems: DocumentProblem[], project: string) {
    this.#problems = problems;
    this.#fallbackProject = project;
  }

  get set(): FlagSet {
    return {
      environments: this.#environments,
      segments: this.#segments,
      flags: this.#flags,
      configs: this.#configs,
    };
  }

  add(file: string, document: FlagDocument): void {
    if (document.format !== DOCUMENT_FORMAT)
      this.#report(
        file,
        'format',
        `must be ${JSON.stringify(DOCUMENT_FORMAT)}, not ${JSON.stringify(document.format)}`,
      );
    this.#takeProject(file, document.project);
    document.environments.forEach((environment, i) => {
      this.#put(file, `environments[${i}]`, 'environments', environment, this.#environments);
    });
    document.segments.forEach((segment, i) => {
      this.#put(file, `segments[${i}]`, 'segments', segment, this.#segments);
    });
    document.flags.forEach(({ flag, configs }, i) => {
      if (flag === undefined) {
        this.#report(file, `flags[${i}].flag`, 'is missing');
        return;
      }
      const key = this.#put(file, `flags[${i}].flag`, 'flags', flag, this.#flags);
      if (key !== undefined)
        this.#configs.set(key, this.#checkedConfigs(file, `flags[${i}].configs`, configs));
    });
  }

  #takeProject(file: string, project: string): void {
    if (project === '') return;
    if (!isKey(project)) this.#report(file, 'project', `${JSON.stringify(project)} is not a key`);
    if (this.project !== undefined && this.project !== project)
      this.#report(file, 'project', `is ${project}, other files are of ${this.project}`);
    this.project ??= project;
  }

  #put<E extends { readonly name: string }>(
    file: string,
    path: string,
    collection: string,
    entity: E,
    into: Map<string, E>,
  ): string | undefined {
    const project = this.project ?? this.#fallbackProject;
    const key = keyInDocument(entity.name, collection, project);
    if (key === undefined) {
      const what = entity.name === '' ? 'is missing' : `${JSON.stringify(entity.name)} is neither a key`;
      const form = `projects/${project}/${collection}/KEY`;
      this.#report(file, `${path}.name`, entity.name === '' ? what : `${what} nor ${form}`);
      return undefined;
    }
    const origin = this.#origins.get(`${collection}/${key}`);
    if (origin !== undefined) this.#report(file, path, `${key} is described twice, also in ${origin}`);
    this.#origins.set(`${collection}/${key}`, file);
    into.set(key, entity);
    return key;
  }

  #checkedConfigs(
    file: string,
    path: string,
    configs: { readonly [key: string]: FlagConfig },
  ): Map<string, FlagConfig> {
    const checked = new Map<string, FlagConfig>();
    for (const [environment, config] of Object.entries(configs)) {
      if (isKey(environment)) checked.set(environment, config);
      else this.#report(file, path, `${JSON.stringify(environment)} is not the key of an environment`);
    }
    return checked;
  }

  #report(file: string, path: string, message: string): void {
    this.#problems.push({ file, path, message });
  }
}

function listFiles(place: string): readonly string[] {
  try {
    if (!statSync(place).isDirectory()) return [place];
    return readdirSync(place, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && EXTENSIONS.test(entry.name))
      .map((entry) => join(entry.parentPath, entry.name))
      .sort();
  } catch (error) {
    throw new UsageError(
      `${place} cannot be read: ${(error as Error).message}`,
      'Name a file, a folder, or - for stdin.',
    );
  }
}

function readFile(file: string): string {
  const { size } = statSync(file);
  if (size > LIMITS.adminRequestBytesMax)
    throw documentError([{ file, path: '', message: `is larger than ${LIMITS.adminRequestBytesMax} bytes` }]);
  return readFileSync(file, 'utf8');
}
