/**
 * Files to a flag set: one file, all of a folder, or stdin. Several files are
 * one set; what two of them describe is an error that names both.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isKey, LIMITS, messageOf } from '@flagstream/protocol';
import { FlagDocument } from '@flagstream/protocol/gen/flagstream/v1/document';
import type { Environment, Flag, FlagConfig, Segment } from '@flagstream/protocol/gen/flagstream/v1/model';
import { FLAG_KEY_FORM, KEY_FORM } from '../key-form.ts';
import { UsageError } from '../usage-error.ts';
import { checkDocument } from './check-document.ts';
import { type DocumentProblem, documentError, placeText } from './document-problem.ts';
import { DOCUMENT_FORMAT, documentType } from './document-type.ts';
import { type FlagSet, keyInDocument } from './flag-set.ts';
import { parseText } from './parse-text.ts';
import { TextPlaces } from './text-places.ts';

export interface SourceText {
  /** For messages. */
  readonly file: string;
  readonly text: string;
}

export interface LoadedFiles {
  readonly set: FlagSet;
  /** The project that the files name, if they do. */
  readonly project: string | undefined;
  /**
   * Where a field of an entity is written, as "flags.yaml:12:5"; undefined for an
   * entity that the files do not describe.
   * @param name resource name below the project: "flags/checkout", "environments/live/flagConfigs/checkout"
   * @param path below the entity, in proto JSON; what is not written gives the place around it
   */
  placeOf(name: string, path: string): string | undefined;
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
      if (found.length === 0)
        builder.add(
          new TextPlaces(file, document, lines),
          FlagDocument.fromJSON(document.toJS({ maxAliasCount: -1 })),
        );
    }
  }
  if (problems.length > 0) throw documentError(problems);
  return builder;
}

/** An entity in the text. */
interface Origin {
  readonly text: TextPlaces;
  readonly path: string;
}

class SetBuilder implements LoadedFiles {
  readonly #environments = new Map<string, Environment>();
  readonly #segments = new Map<string, Segment>();
  readonly #flags = new Map<string, Flag>();
  readonly #configs = new Map<string, Map<string, FlagConfig>>();
  readonly #problems: DocumentProblem[];
  readonly #fallbackProject: string;
  /** Where each entity was last described, by its name below the project. */
  readonly #origins = new Map<string, Origin>();
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

  placeOf(name: string, path: string): string | undefined {
    const origin = this.#origins.get(name);
    return origin && placeText(origin.text.at(`${origin.path}.${path}`));
  }

  add(text: TextPlaces, document: FlagDocument): void {
    if (document.format !== DOCUMENT_FORMAT)
      this.#report(
        text,
        'format',
        `must be ${JSON.stringify(DOCUMENT_FORMAT)}, not ${JSON.stringify(document.format)}`,
      );
    this.#takeProject(text, document.project);
    document.environments.forEach((environment, i) => {
      this.#put(text, `environments[${i}]`, 'environments', environment, this.#environments);
    });
    document.segments.forEach((segment, i) => {
      this.#put(text, `segments[${i}]`, 'segments', segment, this.#segments);
    });
    document.flags.forEach(({ flag, configs }, i) => {
      if (flag === undefined) {
        this.#report(text, `flags[${i}].flag`, 'is missing');
        return;
      }
      const key = this.#put(text, `flags[${i}].flag`, 'flags', flag, this.#flags);
      if (key !== undefined)
        this.#configs.set(key, this.#checkedConfigs(text, `flags[${i}].configs`, key, configs));
    });
  }

  #takeProject(text: TextPlaces, project: string): void {
    if (project === '') return;
    if (!isKey(project))
      this.#report(text, 'project', `${JSON.stringify(project)} is not a key. ${KEY_FORM}`);
    if (this.project !== undefined && this.project !== project)
      this.#report(text, 'project', `is ${project}, other files are of ${this.project}`);
    this.project ??= project;
  }

  #put<E extends { readonly name: string }>(
    text: TextPlaces,
    path: string,
    collection: string,
    entity: E,
    into: Map<string, E>,
  ): string | undefined {
    const project = this.project ?? this.#fallbackProject;
    const key = keyInDocument(entity.name, collection, project);
    if (key === undefined) {
      const form = `projects/${project}/${collection}/KEY`;
      const wrong = `${JSON.stringify(entity.name)} is neither a key nor ${form}. ${collection === 'flags' ? FLAG_KEY_FORM : KEY_FORM}`;
      this.#report(text, `${path}.name`, entity.name === '' ? 'is missing' : wrong);
      return undefined;
    }
    const name = `${collection}/${key}`;
    const other = this.placeOf(name, '');
    if (other !== undefined) this.#report(text, path, `${key} is described twice, also at ${other}`);
    this.#origins.set(name, { text, path });
    into.set(key, entity);
    return key;
  }

  #checkedConfigs(
    text: TextPlaces,
    path: string,
    key: string,
    configs: { readonly [key: string]: FlagConfig },
  ): Map<string, FlagConfig> {
    const checked = new Map<string, FlagConfig>();
    for (const [environment, config] of Object.entries(configs)) {
      if (!isKey(environment)) {
        const wrong = `${JSON.stringify(environment)} is not the key of an environment. ${KEY_FORM}`;
        this.#report(text, path, wrong);
        continue;
      }
      checked.set(environment, config);
      const name = `environments/${environment}/flagConfigs/${key}`;
      this.#origins.set(name, { text, path: `${path}.${JSON.stringify(environment)}` });
    }
    return checked;
  }

  #report(text: TextPlaces, path: string, message: string): void {
    this.#problems.push({ ...text.at(path), path, message });
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
      `${place} cannot be read: ${messageOf(error)}`,
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
