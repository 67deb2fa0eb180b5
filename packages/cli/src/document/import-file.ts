/** Another system's file through its importer, and what is told of it, each with its place in the file. */
import type { Importer, ImportOptions, ImportResult } from '@flagstream/importers';
import { documentError, type FilePlace, placeText } from './document-problem.ts';
import { foreignDocument, foreignPlaces, notesOnText } from './foreign-document.ts';
import type { SourceText } from './load-documents.ts';

/** Something that a person should know, and that changes no answer. */
export interface FileNote {
  /** "demo.flagd.json:12:5" */
  readonly place: string;
  /** Into the document: "flags.banner.state". */
  readonly path: string;
  readonly message: string;
}

export interface ImportedFile extends Extract<ImportResult, { readonly outcome: 'imported' }> {
  /** Of the importer, and of the text that it did not see. */
  readonly notes: readonly FileNote[];
  readonly placeOf: (path: string) => FilePlace;
}

/** @throws FlagstreamError INVALID_DOCUMENT, with the place, where nothing of it can be used */
export function importFile(
  importer: Importer,
  source: SourceText,
  options: ImportOptions = {},
): ImportedFile {
  const placeOf = foreignPlaces(source);
  const result = importer(foreignDocument(source), options);
  if (result.outcome === 'rejected')
    throw documentError([{ ...placeOf(result.path), path: result.path, message: result.reason }]);
  const notes = [...notesOnText(source), ...result.report.notes];
  return {
    ...result,
    notes: notes.map((note) => ({ ...note, place: placeText(placeOf(note.path)) })),
    placeOf,
  };
}
