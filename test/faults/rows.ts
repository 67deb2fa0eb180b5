// The failure table's rows that have a test with real processes, in the table's order. Rows 1, 4 and 5 are crash
// points (crash-rounds.ts); what is missing needs cluster mode, or many clients.

import type { FaultRow } from './fault-row.ts';
import * as content from './rows-of-content.ts';
import * as controlPlane from './rows-of-control-plane.ts';
import * as nats from './rows-of-nats.ts';
import * as network from './rows-of-network.ts';

export const FAULT_ROWS: readonly FaultRow[] = [
  ...Object.values(nats),
  ...Object.values(network),
  ...Object.values(controlPlane),
  ...Object.values(content),
].sort((a, b) => a.row - b.row);
