/** The importers by the name of their format. */
import { importFlagd } from './flagd/import-flagd.ts';
import type { Importer } from './import-report.ts';

export const IMPORTERS: ReadonlyMap<string, Importer> = new Map([['flagd', importFlagd]]);
