/** Reads flags of other systems into the engine's terms. Pure: no I/O, no clock. */
export type {
  FractionalVersion,
  ImportedFlag,
  ImportedFlagDefinition,
  Importer,
  ImportNote,
  ImportOptions,
  ImportReport,
  ImportResult,
  ImportSource,
  ProvenanceDefinition,
  Refusal,
} from './import-report.ts';
export { IMPORTERS } from './importers.ts';
