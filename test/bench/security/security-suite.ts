// What keys and TLS cost, and how soon a revoked key is of no use any more.

import type { SuiteReport } from '../report.ts';
import { measureGuardedCalls } from './guarded-calls.ts';
import { measureIdleStreams } from './idle-streams.ts';
import { measureRevocation } from './revocation.ts';
import { SecuritySite } from './security-site.ts';
import { sizes } from './sizes.ts';

export async function runSecuritySuite(): Promise<readonly SuiteReport[]> {
  const chosen = sizes();
  const site = await SecuritySite.start();
  return [
    await measureRevocation(site, chosen),
    await measureGuardedCalls(site, chosen),
    await measureIdleStreams(site, chosen),
  ];
}
