/** Text of a file to a tree with places. JSON is read as the YAML that it is. */
import {
  type Document,
  LineCounter,
  type LineCounter as Lines,
  type ParsedNode,
  parseAllDocuments,
} from 'yaml';
import { type DocumentProblem, documentError } from './document-problem.ts';

export type YamlDocument = Document.Parsed<ParsedNode>;

export interface ParsedText {
  readonly documents: readonly YamlDocument[];
  readonly lines: Lines;
}

/** @throws FlagstreamError INVALID_DOCUMENT with the line of every syntax error */
export function parseText(file: string, text: string): ParsedText {
  const lines = new LineCounter();
  const documents = parseOrRefuse(file, text, lines);
  const problems: DocumentProblem[] = documents.flatMap((document) =>
    document.errors.map((error) => {
      const { line, col } = lines.linePos(error.pos[0]);
      return { file, line, column: col, path: '', message: error.message };
    }),
  );
  if (problems.length > 0) throw documentError(problems);
  return { documents, lines };
}

function parseOrRefuse(file: string, text: string, lineCounter: Lines): readonly YamlDocument[] {
  try {
    const parsed = parseAllDocuments(text, { lineCounter, prettyErrors: false, uniqueKeys: true });
    return 'empty' in parsed ? [] : parsed;
  } catch (error) {
    // The parser recurses: text nested thousands of levels deep exhausts the stack.
    if (error instanceof RangeError)
      throw documentError([{ file, path: '', message: 'is nested too deeply' }]);
    throw error;
  }
}
