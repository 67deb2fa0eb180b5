/** Names of the dialects of JSONLogic that a flagd flag can need; FlagConfig.json_logic_dialect. */
import type { FractionalVersion } from '../import-report.ts';

export const FLAGD_DIALECTS: Readonly<Record<FractionalVersion, string>> = {
  v1: 'flagd-fractional-v1',
  v2: 'flagd',
  v3: 'flagd-fractional-v3',
};
