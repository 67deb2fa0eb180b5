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

/** The parser recurses: text nested thousands of levels deep exhausts the stack. */
const TOO_DEEP = 'is nested too deeply';

/**
 * @param uniqueKeys false: a key may stand in an object more than once, as in JSON
 * @throws FlagstreamError INVALID_DOCUMENT with the line of every syntax error
 */
export function parseText(file: string, text: string, uniqueKeys = true): ParsedText {
  const lines = new LineCounter();
  const documents = parseOrRefuse(file, text, lines, uniqueKeys);
  const problems: DocumentProblem[] = documents.flatMap((document) =>
    document.errors.map((error) => {
      const { line, col } = lines.linePos(error.pos[0]);
      return {
        file,
        line,
        column: col,
        path: '',
        message: isStackOverflow(error) ? TOO_DEEP : error.message,
      };
    }),
  );
  if (problems.length > 0) throw documentError(problems);
  return { documents, lines };
}

function parseOrRefuse(
  file: string,
  text: string,
  lineCounter: Lines,
  uniqueKeys: boolean,
): readonly YamlDocument[] {
  try {
    const parsed = parseAllDocuments(text, { lineCounter, prettyErrors: false, uniqueKeys });
    return 'empty' in parsed ? [] : parsed;
  } catch (error) {
    if (isStackOverflow(error)) throw documentError([{ file, path: '', message: TOO_DEEP }]);
    throw error;
  }
}

/** The parser passes its exhaustion on as an error of the text, or as it is. */
function isStackOverflow(error: unknown): boolean {
  return error instanceof Error && error.message.includes('call stack');
}
