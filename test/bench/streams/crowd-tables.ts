// The tables of the streams suite, with the aim beside each figure, and its plots.

import process from 'node:process';
import type { Plot, Row, SuiteReport } from '../report.ts';
import { type Line, svgChart } from '../svg-chart.ts';
import type { CrowdFigures } from './crowds.ts';

const FEW_FLAGS = 10;
/** What a change costs on the wire beside the entity that it changes. */
const BYTES_BESIDE_MAX = 200;
/** Of a change in a large set against one in a small set. */
const GROWTH_TIMES_MAX = 1.2;
/** By the Node that it runs on; a stream's memory, a push's CPU, the last receipt of ten thousand. */
const AIMS = process.versions.node.startsWith('20.')
  ? ({ memoryKib: 34, pushCpuUs: 30, crowdLastMs: 400 } as const)
  : ({ memoryKib: 40, pushCpuUs: 23, crowdLastMs: 250 } as const);
const TLS_AIMS = { memoryKib: 75, pushCpuUs: 45 } as const;
/** To all of a thousand that hold a thousand flags. */
const MID_LAST_AIM_MS = 100;

export function memoryTable(figures: readonly CrowdFigures[]): SuiteReport {
  return {
    name: 'stream-memory',
    title: 'Memory of an idle Sync stream',
    notes: [
      'RSS of the server’s process with so many clients, each over a connection of its own, less without any; both after forced collections, at rest. The kernel’s memory for sockets is not in it.',
      'With more than 100 flags all clients but the first begin with the state that the first was sent, as from a disk copy.',
    ],
    columns: [
      { key: 'server', title: 'server' },
      { key: 'flags', title: 'flags' },
      { key: 'clients', title: 'streams' },
      { key: 'rssKib', title: 'RSS per stream, KiB', digits: 1 },
      { key: 'heapKib', title: 'heap, KiB', digits: 1 },
      { key: 'baseMib', title: 'RSS without streams, MiB' },
      { key: 'aimKib', title: 'aim: at most, KiB' },
      { key: 'verdict', title: '' },
    ],
    rows: figures.map((row): Row => {
      const aimKib = aimsOf(row.server).memoryKib;
      const told = isFloor(row) ? {} : { aimKib, verdict: verdict(row.rssKib <= aimKib) };
      return { ...row, ...told };
    }),
  };
}

export function pushTable(figures: readonly CrowdFigures[], midFlags: number): SuiteReport {
  const crowd = Math.max(...figures.map(({ clients }) => clients));
  return {
    name: 'stream-push',
    title: 'One change to many Sync streams',
    notes: [
      'Thin clients (test/load): one connection each, every frame decoded, every transfer checked, acknowledged when in force; one real SDK client in each load process is asked for the value. Medians of the changes; times run from the commit, as the control plane tells it (floor: from the first write).',
      'CPU is that of all threads of the server, less what it takes when nothing changes. Push alone: the clients look at nothing before all have the bytes; then they all acknowledge, which is counted apart.',
      'The limit of the last receipt was measured where nobody acknowledges: it is told of both. The floor is a bare grpc-js server that writes to each stream the frames which an evaluator had written. Nothing is pinned; clients and servers share the cores.',
    ],
    columns: [
      { key: 'server', title: 'server' },
      { key: 'flags', title: 'flags' },
      { key: 'clients', title: 'clients' },
      { key: 'receivedP50', title: 'receipt, ms p50', digits: 1 },
      { key: 'receivedP99', title: 'p99', digits: 1 },
      { key: 'receivedLast', title: 'last', digits: 1 },
      { key: 'lastAim', title: 'aim' },
      { key: 'confirmedLast', title: 'last acknowledgement', digits: 1 },
      { key: 'heldLast', title: 'last receipt, none acknowledged before', digits: 1 },
      { key: 'heldAim', title: 'aim' },
      { key: 'pushCpuUs', title: 'us CPU per push', digits: 1 },
      { key: 'cpuAim', title: 'aim' },
      { key: 'acknowledgeCpuUs', title: 'per acknowledgement', digits: 1 },
    ],
    rows: figures.map((row): Row => ({ ...row, ...pushAims(row, crowd, midFlags) })),
  };
}

export function growthTable(figures: readonly CrowdFigures[]): SuiteReport {
  const plain = figures.filter(({ server }) => server === 'evaluator');
  const clients = Math.min(...plain.map((row) => row.clients));
  const same = plain.filter((row) => row.clients === clients);
  const few = same.find(({ flags }) => flags === FEW_FLAGS);
  return {
    name: 'stream-growth',
    title: `One change to ${clients.toLocaleString('en-US')} Sync streams, by the number of flags`,
    notes: [
      `Bytes are those of the change’s frames for one client, with the heads of gRPC and HTTP/2; aim: the changed entity and ${BYTES_BESIDE_MAX}.`,
      `Times: against ${FEW_FLAGS} flags, of which at most ${GROWTH_TIMES_MAX} are aimed at.`,
    ],
    columns: [
      { key: 'flags', title: 'flags' },
      { key: 'bytesPerClient', title: 'bytes per client' },
      { key: 'entityBytes', title: 'changed entity, bytes' },
      { key: 'bytesAim', title: 'aim' },
      { key: 'receivedLast', title: 'last receipt, ms', digits: 1 },
      { key: 'lastTimes', title: 'x', digits: 2 },
      { key: 'pushCpuUs', title: 'us CPU per push', digits: 1 },
      { key: 'cpuTimes', title: 'x', digits: 2 },
      { key: 'growthAim', title: 'aim' },
    ],
    rows: same.map((row): Row => {
      const lastTimes = row.receivedLast / (few?.receivedLast ?? Number.NaN);
      const cpuTimes = row.pushCpuUs / (few?.pushCpuUs ?? Number.NaN);
      return {
        ...row,
        bytesAim: verdict(row.bytesPerClient <= row.entityBytes + BYTES_BESIDE_MAX),
        lastTimes,
        cpuTimes,
        growthAim: row === few ? '' : verdict(Math.max(lastTimes, cpuTimes) <= GROWTH_TIMES_MAX),
      };
    }),
  };
}

export function crowdPlots(figures: readonly CrowdFigures[]): readonly Plot[] {
  const plot = (name: string, yTitle: string, of: (row: CrowdFigures) => number): Plot => ({
    file: `streams-${name}`,
    svg: svgChart([
      {
        title: `${yTitle}, by clients`,
        ...{ xTitle: 'clients', yTitle },
        lines: linesBy(figures, 'clients', of),
      },
      { title: `${yTitle}, by flags`, ...{ xTitle: 'flags', yTitle }, lines: linesBy(figures, 'flags', of) },
    ]),
  });
  return [
    plot('memory', 'RSS per idle stream, KiB', ({ rssKib }) => rssKib),
    plot('latency', 'commit to last receipt, ms', ({ receivedLast }) => receivedLast),
    plot('cpu', 'CPU per push, us', ({ pushCpuUs }) => pushCpuUs),
    plot('bytes', 'bytes per client and change', ({ bytesPerClient }) => bytesPerClient),
  ];
}

/** One line for each server and each value of the other axis. */
function linesBy(
  figures: readonly CrowdFigures[],
  axis: 'clients' | 'flags',
  of: (row: CrowdFigures) => number,
): readonly Line[] {
  const other = axis === 'clients' ? 'flags' : 'clients';
  const lines = new Map<string, { readonly x: number; readonly y: number }[]>();
  for (const row of figures) {
    const name = `${row.server}, ${row[other].toLocaleString('en-US')} ${other}`;
    // Noise may take a small figure below nothing, which has no place on a logarithmic axis.
    if (of(row) > 0) lines.set(name, [...(lines.get(name) ?? []), { x: row[axis], y: of(row) }]);
  }
  return [...lines].map(([name, points]) => ({ name, points: points.toSorted((a, b) => a.x - b.x) }));
}

function pushAims(row: CrowdFigures, crowd: number, midFlags: number): Row {
  if (isFloor(row)) return {};
  const cpu = aimsOf(row.server).pushCpuUs;
  const inCrowd = row.flags === FEW_FLAGS && row.clients === crowd && !isTls(row.server);
  const lastMs = inCrowd ? AIMS.crowdLastMs : row.flags === midFlags ? MID_LAST_AIM_MS : undefined;
  const toldMs = (ms: number): string => `${lastMs}: ${verdict(ms <= lastMs!)}`;
  return {
    cpuAim: `${cpu}: ${verdict(row.pushCpuUs <= cpu)}`,
    ...(lastMs === undefined ? {} : { lastAim: toldMs(row.receivedLast), heldAim: toldMs(row.heldLast) }),
  };
}

function aimsOf(server: string): { readonly memoryKib: number; readonly pushCpuUs: number } {
  return isTls(server) ? TLS_AIMS : AIMS;
}

function isTls(server: string): boolean {
  return server.includes('TLS');
}

function isFloor({ server }: CrowdFigures): boolean {
  return server.startsWith('floor');
}

function verdict(met: boolean): string {
  return met ? 'met' : 'not met';
}
