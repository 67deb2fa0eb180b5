// The tables of `make soak ARGS=clients`.

import type { SuiteReport } from '../bench/report.ts';
import { SIDES, slopesOf } from './clients-limits.ts';
import type { ClientsSample, ManyClients, ManyClientsOptions, Side } from './many-clients.ts';

const MEBIBYTE = 2 ** 20;
const MINUTE_MS = 60_000;
/** Of all samples, evenly chosen: an hour has hundreds. */
const ROWS_MAX = 21;

export function clientsReports(
  options: ManyClientsOptions,
  result: ManyClients,
): readonly [SuiteReport, SuiteReport] {
  return [overTime(options, result), perHour(result)];
}

function overTime({ stay, visit, flags }: ManyClientsOptions, { samples, cpu }: ManyClients): SuiteReport {
  const percent = (share: number): string => (100 * share).toFixed(1);
  return {
    name: 'clients',
    title: 'Memory and open files while clients come and go',
    notes: [
      `One control plane, nats-server, one evaluator; ${stay.thin} thin clients (test/load) and ${stay.sdk} real SDK clients that stay; ${visit.thin} and ${visit.sdk} that come and go every quarter of a minute, half of them without a Bye.`,
      `${flags} flags switched in turn, five changes a second, each followed to every client. Once a minute, in turn: the thin clients' process is stopped for three seconds, the streams of the SDK clients that stay are cut, the evaluator's process is stopped for three seconds.`,
      'Each sample at rest after a forced collection, all at the same revision, no visitor there; the first before any visitor. The log had more revisions than the window of deltas before the first client came.',
      `CPU, % of one core: control plane ${percent(cpu.controlPlane)}, evaluator ${percent(cpu.evaluator)}, SDK clients ${percent(cpu.sdk)}, thin clients and the run itself ${percent(cpu.load)}.`,
    ],
    columns: [
      { key: 'minutes', title: 'minutes', digits: 1 },
      { key: 'changes', title: 'changes' },
      { key: 'visits', title: 'visits' },
      ...sides().flatMap(([side, who]) => [
        { key: `${side}Heap`, title: `${who}: heap, MiB`, digits: 2 },
        { key: `${side}Rss`, title: 'RSS, MiB', digits: 0 },
        { key: `${side}Files`, title: 'open files' },
      ]),
    ],
    rows: evenly(samples).map((sample) => ({
      minutes: (sample.atMs - samples[0]!.atMs) / MINUTE_MS,
      changes: sample.changes,
      visits: sample.visits,
      ...Object.fromEntries(
        sides().flatMap(([side]) => [
          [`${side}Heap`, sample[side].heapBytes / MEBIBYTE],
          [`${side}Rss`, sample[side].rssBytes / MEBIBYTE],
          [`${side}Files`, sample[side].openFiles],
        ]),
      ),
    })),
  };
}

function perHour({ samples, crowd }: ManyClients): SuiteReport {
  return {
    name: 'clients-per-hour',
    title: 'Slopes',
    notes: [
      `The line by least squares through all ${samples.length} samples but those of the first fifth of the run.`,
      `${crowd.transfers.toLocaleString('en-US')} transfers taken in by the thin clients that stay.`,
    ],
    columns: [
      { key: 'who', title: '' },
      { key: 'heapMibPerHour', title: 'heap, MiB/h', digits: 2 },
      { key: 'rssMibPerHour', title: 'RSS, MiB/h', digits: 2 },
      { key: 'rssPercentPerHour', title: 'RSS, %/h', digits: 2 },
      { key: 'openFilesPerHour', title: 'open files/h', digits: 2 },
      { key: 'before', title: 'open files before the first visitor' },
      { key: 'after', title: 'after the last' },
    ],
    rows: sides().map(([side, who]) => ({
      who,
      ...slopesOf(samples, side),
      before: samples[0]![side].openFiles,
      after: samples.at(-1)![side].openFiles,
    })),
  };
}

function sides(): [Side, string][] {
  return Object.entries(SIDES) as [Side, string][];
}

/** The first and the last among them. */
function evenly(samples: readonly ClientsSample[]): readonly ClientsSample[] {
  const rows = Math.min(ROWS_MAX, samples.length);
  return Array.from(
    { length: rows },
    (_, row) => samples[Math.round((row * (samples.length - 1)) / (rows - 1))]!,
  );
}
