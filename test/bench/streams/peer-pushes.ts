// A change to a thousand clients with a thousand flags, beside other systems' servers where their binaries are here.

import { measureFlagd } from '../flagd/fan-out.ts';
import { noBinary, type PeerVariable, peerBinary } from '../peers/peer-binary.ts';
import type { Row, SuiteReport } from '../report.ts';
import type { CrowdFigures } from './crowds.ts';

/** By the variable that names the binary. Nothing here speaks the streams of the last two. */
const PEERS: Readonly<Record<PeerVariable, string>> = {
  FLAGD_BIN: 'flagd, EventStream',
  FLIPT_BIN: 'Flipt, snapshot stream',
  GOFF_BIN: 'GO Feature Flag, SSE',
};

/** @param figures of evaluators; those of the smallest crowd with so many flags stand in the table */
export async function peerPushTable(figures: readonly CrowdFigures[], flags: number): Promise<SuiteReport> {
  const own = figures.find((each) => each.server === 'evaluator' && each.flags === flags)!;
  const { clients } = own;
  const rows: Row[] = [{ name: 'evaluator, Sync', lastMs: own.receivedLast, cpuUs: own.pushCpuUs }];
  for (const [variable, name] of Object.entries(PEERS) as [PeerVariable, string][]) {
    const binary = peerBinary(variable);
    if (binary === undefined) rows.push({ name: `${name}: ${noBinary(variable)}` });
    else if (variable !== 'FLAGD_BIN')
      rows.push({ name: `${name}: not run: this suite has no client of it` });
    else {
      const { lastMs, cpuUs } = await measureFlagd(binary, flags, clients);
      rows.push({ name, lastMs, cpuUs });
    }
  }
  return {
    name: 'stream-peers',
    title: `One change to ${clients.toLocaleString('en-US')} clients at ${flags.toLocaleString('en-US')} flags, other systems beside`,
    notes: ['A binary is taken from the variable, or from the PATH. A flagd’s time begins with its file.'],
    columns: [
      { key: 'name', title: 'server, stream' },
      { key: 'lastMs', title: 'last receipt, ms', digits: 1 },
      { key: 'cpuUs', title: 'us CPU per push', digits: 1 },
    ],
    rows,
  };
}
