// One change to a crowd of flagd's clients, beside a bare server that writes the same bytes and a real flagd: CPU for
// each, and when the last has it; and what an idle stream keeps of the memory.

import { createFlags } from '../../load/load-site.ts';
import { releaseAll } from '../../support/resources.ts';
import { noBinary, peerBinary } from '../peers/peer-binary.ts';
import type { Row, SuiteReport } from '../report.ts';
import { SecuritySite } from '../security/security-site.ts';
import { sizeFrom } from '../security/sizes.ts';
import { cpuTimeMissing } from '../unary/cpu-time.ts';
import { type CrowdFigures, measureCrowds } from './crowds.ts';
import {
  capture,
  documentsOf,
  EVENT_STREAM,
  type StreamContract,
  SYNC_FLAGS,
  startEvaluator,
  startFlagd,
  startFloor,
} from './pushers.ts';

const CROWDS = [1_000, 10_000];
const FEW_FLAGS = 10;
const MANY_FLAGS = 1_000;
/** Of changes to ten thousand that are sent a document of a thousand flags each, which is gigabytes: fewer rounds. */
const DOCUMENT_ROUNDS = 3;
/** Clients times flags that a flagd is asked to hold: at ten times that it takes more than 9 GB. */
const FLAGD_PRODUCT_MAX = 1_000_000;

export interface FanOut extends CrowdFigures {
  readonly stream: StreamContract['name'];
  readonly flags: number;
}

export async function measureFanOut(): Promise<{
  readonly report: SuiteReport;
  readonly figures: readonly FanOut[];
}> {
  const report = {
    name: 'flagd-streams',
    title: 'EventStream and SyncFlags: one change to all clients',
    notes: [
      'Each client over a connection of its own; medians of the changes. The bare server is grpc-js and writes the bytes that the evaluator wrote.',
      'Servers and clients shared all cores. The evaluator’s time begins with the commit, the bare server’s with its first write, a flagd’s with its file.',
      'Memory of the evaluator and of the bare server after forced collections, at rest; of a flagd as it is.',
    ],
    columns: [
      { key: 'name', title: 'server' },
      { key: 'stream', title: 'stream' },
      { key: 'flags', title: 'flags' },
      { key: 'clients', title: 'clients' },
      { key: 'rssKib', title: 'KiB RSS per idle stream', digits: 1 },
      { key: 'cpuUs', title: 'us CPU per push', digits: 2 },
      { key: 'p50Ms', title: 'p50 ms', digits: 1 },
      { key: 'lastMs', title: 'last ms', digits: 1 },
      { key: 'bytes', title: 'bytes each' },
    ],
  };
  const missing = cpuTimeMissing();
  if (missing !== undefined) return { report: { ...report, rows: [], notRun: missing }, figures: [] };
  const clientsMax = sizeFrom('BENCH_CLIENTS', CROWDS.at(-1)!);
  const fitting = CROWDS.filter((clients) => clients <= clientsMax);
  const crowds = fitting.length > 0 ? fitting : [clientsMax];
  const figures: FanOut[] = [];
  for (const flags of [FEW_FLAGS, sizeFrom('BENCH_FLAGS', MANY_FLAGS)]) {
    figures.push(...(await measureSet(flags, crowds)));
    // The next set has the machine for itself.
    await releaseAll();
  }
  return { report: { ...report, rows: rowsOf(figures) }, figures };
}

async function measureSet(flags: number, crowds: readonly number[]): Promise<readonly FanOut[]> {
  const site = await SecuritySite.start();
  const newest = await createFlags(site.admin, flags);
  const captured = async (contract: StreamContract): ReturnType<typeof capture> => {
    const evaluator = await startEvaluator(site, contract, newest);
    try {
      return await capture(evaluator, contract);
    } finally {
      await evaluator.close();
    }
  };
  const documents = documentsOf(await captured(SYNC_FLAGS));
  const binary = peerBinary('FLAGD_BIN');
  const figures: FanOut[] = [];
  for (const contract of [EVENT_STREAM, SYNC_FLAGS]) {
    const rounds = sizeFrom('BENCH_ROUNDS', contract === SYNC_FLAGS ? DOCUMENT_ROUNDS : 7);
    const measure = async (
      server: Parameters<typeof measureCrowds>[0],
      sizes: readonly number[],
    ): Promise<void> => {
      const measured = await measureCrowds(server, contract, sizes, rounds);
      figures.push(...measured.map((each) => ({ ...each, stream: contract.name, flags })));
    };
    await measure(await startFloor(contract, await captured(contract)), crowds);
    await measure(await startEvaluator(site, contract, newest), crowds);
    const bearable = crowds.filter((clients) => clients * flags <= FLAGD_PRODUCT_MAX);
    if (binary !== undefined && bearable.length > 0)
      await measure(await startFlagd(binary, contract, documents), bearable);
  }
  return figures;
}

/** EventStream of a real flagd alone, with the flags that an evaluator would have. */
export async function measureFlagd(binary: string, flags: number, clients: number): Promise<CrowdFigures> {
  const site = await SecuritySite.start();
  const newest = await createFlags(site.admin, flags);
  const evaluator = await startEvaluator(site, SYNC_FLAGS, newest);
  const documents = documentsOf(await capture(evaluator, SYNC_FLAGS));
  await evaluator.close();
  const flagd = await startFlagd(binary, EVENT_STREAM, documents);
  const [figures] = await measureCrowds(flagd, EVENT_STREAM, [clients], sizeFrom('BENCH_ROUNDS', 7));
  return figures!;
}

/** Of each size: the bare server, ours, a flagd, and ours as a multiple of each. */
function rowsOf(figures: readonly FanOut[]): Row[] {
  const ours = figures.filter(({ server }) => server === 'evaluator');
  return ours.flatMap((own): Row[] => {
    const [bare, flagd] = ['bare grpc-js', 'flagd'].map((server) => beside(figures, own, server));
    const size = { stream: own.stream, flags: own.flags, clients: own.clients };
    const why =
      peerBinary('FLAGD_BIN') === undefined
        ? noBinary('FLAGD_BIN')
        : 'not run: it would take more memory than the machine has';
    return [
      ...[bare, own].flatMap((each): Row[] => (each === undefined ? [] : [rowOf(each)])),
      flagd === undefined ? { name: `flagd: ${why}`, ...size } : rowOf(flagd),
      { name: 'evaluator: x bare', ...size, cpuUs: timesOf(own, bare) ?? Number.NaN },
      ...(flagd === undefined ? [] : [{ name: 'evaluator: x flagd', ...size, cpuUs: timesOf(own, flagd)! }]),
    ];
  });
}

/** The figures of another server at the same size. */
export function beside(figures: readonly FanOut[], own: FanOut, server: string): FanOut | undefined {
  return figures.find(
    (each) =>
      each.server === server &&
      each.stream === own.stream &&
      each.flags === own.flags &&
      each.clients === own.clients,
  );
}

/** CPU per push of ours as a multiple of another server's. */
export function timesOf(own: FanOut, other: FanOut | undefined): number | undefined {
  return other === undefined ? undefined : own.cpuUs / other.cpuUs;
}

function rowOf({ server, ...figures }: FanOut): Row {
  return { name: server, ...figures };
}
