/** The text of another system's file to its importer's input, and paths in it to lines and columns. */
import type { JsonValue } from '@flagstream/engine';
import type { ImportNote } from '@flagstream/importers';
import { FlagstreamError, messageOf } from '@flagstream/protocol';
import { documentError, type FilePlace } from './document-problem.ts';
import { findJsonFault } from './json-fault.ts';
import { repeatedJsonNames } from './json-repeated-names.ts';
import type { SourceText } from './load-documents.ts';
import { parseText } from './parse-text.ts';
import { TextPlaces } from './text-places.ts';

const JSON_FILE = /\.json$/i;
/** Aliases can make a small file describe a huge one. */
const ALIASES_MAX = 10_000;

/** Whether it is read as JSON: of that no beginning is a whole, as it may be of YAML. */
export function isJsonSource({ file, text }: SourceText): boolean {
  return JSON_FILE.test(file) || /^[ \t\r\n]*[{[]/.test(text);
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

/** What an importer cannot see: names that stand in an object more than once. YAML is refused with them. */
export function notesOnText(source: SourceText): readonly ImportNote[] {
  if (!isJsonSource(source)) return [];
  return repeatedJsonNames(source.text).map(({ path, times }) => ({
    path,
    message: `stands in its object ${times} times: the last one counts`,
  }));
}

/** Places of paths in the file, which is read for them when the first is asked for. */
export function foreignPlaces(source: SourceText): (path: string) => FilePlace {
  let read: { readonly places: TextPlaces | undefined } | undefined;
  return (path) => {
    read ??= { places: textPlaces(source) };
    return read.places?.at(path) ?? { file: source.file };
  };
}

function textPlaces(source: SourceText): TextPlaces | undefined {
  const { file, text } = source;
  try {
    const { documents, lines } = parseText(file, text, !isJsonSource(source));
    return documents[0] && new TextPlaces(file, documents[0], lines);
  } catch (error) {
    // The other system's JSON may hold what YAML does not.
    if (error instanceof FlagstreamError) return undefined;
    throw error;
  }
}

/** flagd refuses it as well, in words that name no mark. */
const BYTE_ORDER_MARK = '\ufeff';

function jsonText(file: string, text: string): string {
  if (text.startsWith(BYTE_ORDER_MARK)) {
    const message = 'begins with a byte order mark, which JSON has not: save the file as UTF-8 without BOM';
    throw documentError([{ file, line: 1, column: 1, path: '', message }]);
  }
  const fault = findJsonFault(text);
  if (fault === undefined) return text;
  const line = text.slice(0, fault.offset).split('\n').length;
  const column = fault.offset - text.lastIndexOf('\n', fault.offset - 1);
  const message = `is not JSON from here on: expected ${fault.expected}`;
  throw documentError([{ file, line, column, path: '', message }]);
}
