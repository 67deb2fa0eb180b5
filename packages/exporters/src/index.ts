/** Writes flags in the terms of other systems. Pure: no I/O, no clock. */
export { type ExportedFlag, type FlagdFlag, mergedMetadata } from './flagd/export-flag.ts';
export { FlagdExport } from './flagd/export-flagd.ts';
export type { UnitLookup } from './flagd/flag-program.ts';
export { WITHHELD_CONSTRUCTS, type WithheldConstruct, type WithheldFlag } from './flagd/withheld.ts';
