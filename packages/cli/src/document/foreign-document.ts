/** The text of another system's file to its importer's input, and paths in it to lines and columns. */
import type { JsonValue } from '@flagstream/engine';
import { FlagstreamError, messageOf } from '@flagstream/protocol';
import { documentError, type FilePlace } from './document-problem.ts';
import { findJsonFault } from './json-fault.ts';
import type { SourceText } from './load-documents.ts';
import { parseText } from './parse-text.ts';
import { TextPlaces } from './text-places.ts';

const JSON_FILE = /\.json$/i;
/** Aliases can make a small file describe a huge one. */
const ALIASES_MAX = 10_000;

/** Whether it is read as JSON: of that no beginning is a whole, as it may be of YAML. */
export function isJsonSource({ file, text }: SourceText): boolean {
  return JSON_FILE.test(file) || /^\s*[{[]/.test(text);
}

/**
 * JSON is left to the importer, which reads it as the other system does; everything else is YAML.
 * @throws FlagstreamError INVALID_DOCUMENT
 */
export function foreignDocument(source: SourceText): JsonValue {
  const { file, text } = source;
  if (isJsonSource(source)) return jsonText(file, text);
  const { documents } = parseText(file, text);
  const [document] = documents;
  if (document === undefined || documents.length > 1)
    throw documentError([{ file, path: '', message: `holds ${documents.length} documents in place of one` }]);
  try {
    return document.toJS({ maxAliasCount: ALIASES_MAX }) as JsonValue;
  } catch (error) {
    throw documentError([{ file, path: '', message: messageOf(error) }]);
  }
}

/** Places of paths in the file, which is read for them when the first is asked for. */
export function foreignPlaces(source: SourceText): (path: string) => FilePlace {
  let read: { readonly places: TextPlaces | undefined } | undefined;
  return (path) => {
    read ??= { places: textPlaces(source) };
    return read.places?.at(path) ?? { file: source.file };
  };
}

function textPlaces({ file, text }: SourceText): TextPlaces | undefined {
  try {
    const { documents, lines } = parseText(file, text);
    return documents[0] && new TextPlaces(file, documents[0], lines);
  } catch (error) {
    // The other system's JSON may hold what YAML does not, such as a key twice.
    if (error instanceof FlagstreamError) return undefined;
    throw error;
  }
}

function jsonText(file: string, text: string): string {
  const fault = findJsonFault(text);
  if (fault === undefined) return text;
  const line = text.slice(0, fault.offset).split('\n').length;
  const column = fault.offset - text.lastIndexOf('\n', fault.offset - 1);
  const message = `is not JSON from here on: expected ${fault.expected}`;
  throw documentError([{ file, line, column, path: '', message }]);
}
