/** The integrity checks, by the names of their folders in `mutants/`. */
import { scenarios as chain } from './chain.ts';
import { scenarios as contentHash } from './content-hash.ts';
import { scenarios as requestDigest } from './request-digest.ts';
import type { Scenario } from './scenario.ts';
import { scenarios as snapshotChecksum } from './snapshot-checksum.ts';
import { scenarios as stateDigest } from './state-digest.ts';

export const checks: Readonly<Record<string, readonly Scenario[]>> = {
  chain,
  'content-hash': contentHash,
  'state-digest': stateDigest,
  'snapshot-checksum': snapshotChecksum,
  'request-digest': requestDigest,
};
