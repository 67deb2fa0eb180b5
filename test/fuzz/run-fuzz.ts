// One listener under fuzz: inputs in order of their numbers, some at a time; after each batch the processes are judged.

import { Random } from '../sim/world/random.ts';
import { DAMAGED_MESSAGES, DRAWN_MESSAGES, ODD_FRAMING, ODD_METADATA } from './call-inputs.ts';
import { GRPC_FLOODS, HTTP_FLOODS } from './flood-inputs.ts';
import { ODD_FRAMES } from './frame-inputs.ts';
import type { InputKind, InputSite, Listener } from './fuzz-input.ts';
import type { FuzzSite } from './fuzz-site.ts';
import { GrpcWire } from './grpc-wire.ts';
import { ODD_HTTP1, RANDOM_BYTES, SLOW_HEADERS } from './http1-inputs.ts';
import { ODD_OFREP } from './ofrep-inputs.ts';
import { LEFT_STREAMS, SYNC_STATES } from './stream-inputs.ts';

export interface FuzzRun {
  readonly seed: number;
  /** How many, from number `from` on. */
  readonly inputs: number;
  readonly from?: number;
  readonly onBatch?: (done: number) => void;
}

export interface FuzzFigures {
  readonly listener: Listener['name'];
  readonly sent: number;
  readonly seconds: number;
  /** How often each kind was sent. */
  readonly kinds: ReadonlyMap<string, number>;
  /** How often each answer came. */
  readonly answers: ReadonlyMap<string, number>;
  /** What must not be, each with the number of its first input. */
  readonly findings: readonly string[];
}

const GRPC_KINDS: readonly InputKind[] = [
  RANDOM_BYTES,
  ODD_HTTP1,
  SLOW_HEADERS,
  ODD_FRAMES,
  DRAWN_MESSAGES,
  DAMAGED_MESSAGES,
  ODD_FRAMING,
  ODD_METADATA,
  SYNC_STATES,
  LEFT_STREAMS,
];
const HTTP_KINDS: readonly InputKind[] = [
  RANDOM_BYTES,
  { ...ODD_HTTP1, weight: 9 },
  SLOW_HEADERS,
  { ...ODD_FRAMES, weight: 1 },
];
const OFREP_KINDS: readonly InputKind[] = [...HTTP_KINDS, ODD_OFREP];

const AT_ONCE = 24;
const BATCH = 1_000;
/** One input in so many is a flood. */
const FLOOD_EVERY = 150;
const FINDINGS_MAX = 30;

export async function fuzzListener(site: FuzzSite, listener: Listener, run: FuzzRun): Promise<FuzzFigures> {
  const startedMs = performance.now();
  const tally = new Tally();
  const wire = new GrpcWire(listener.port);
  const roughWire = new GrpcWire(listener.port);
  const from = run.from ?? 0;
  const end = from + run.inputs;
  let next = from;
  const sendNext = async (batchEnd: number): Promise<void> => {
    while (next < batchEnd) {
      const number = next++;
      await sendInput(number, run.seed, { listener, wire, roughWire }, tally);
    }
  };
  try {
    while (next < end && tally.findings.size < FINDINGS_MAX) {
      const [batchStart, batchEnd] = [next, Math.min(end, next + BATCH)];
      await Promise.all(Array.from({ length: AT_ONCE }, () => sendNext(batchEnd)));
      for (const finding of await site.judge())
        tally.find(finding, `inputs ${batchStart} to ${batchEnd - 1}`);
      run.onBatch?.(next - from);
      if ([...tally.findings.keys()].some((finding) => finding.includes(' ended;'))) break;
    }
    for (const finding of await site.judgeMemory()) tally.find(finding, 'at rest');
  } finally {
    wire.close();
    roughWire.close();
  }
  return {
    listener: listener.name,
    sent: next - from,
    seconds: (performance.now() - startedMs) / 1000,
    kinds: tally.kinds,
    answers: tally.answers,
    findings: [...tally.findings].map(([finding, where]) => `${where}: ${finding}`),
  };
}

async function sendInput(number: number, seed: number, site: InputSite, tally: Tally): Promise<void> {
  // Listeners and numbers have sources of their own, so that one input can be sent again alone.
  const random = new Random(seed * 2 ** 32 + number * 8 + LISTENER_NUMBER[site.listener.name]);
  const kind = kindOf(random, site.listener, number);
  const { answer, finding } = await kind.send(random, site);
  tally.count(kind.name, `${kind.name}: ${answer}`);
  if (finding !== undefined) tally.find(`${kind.name}: ${finding}`, `input ${number}`);
}

const LISTENER_NUMBER: Readonly<Record<Listener['name'], number>> = {
  'control-plane': 0,
  evaluator: 1,
  'control-plane-management': 2,
  'evaluator-management': 3,
  'evaluator-ofrep': 4,
};

function kindOf(random: Random, { name }: Listener, number: number): InputKind {
  const speaksGrpc = name === 'control-plane' || name === 'evaluator';
  if (number % FLOOD_EVERY === FLOOD_EVERY - 1) {
    const floods = speaksGrpc ? GRPC_FLOODS : HTTP_FLOODS;
    return floods[Math.floor(number / FLOOD_EVERY) % floods.length]!;
  }
  const httpKinds = name === 'evaluator-ofrep' ? OFREP_KINDS : HTTP_KINDS;
  const kinds = speaksGrpc ? GRPC_KINDS : httpKinds;
  let left = random.next() * kinds.reduce((sum, { weight }) => sum + weight, 0);
  for (const kind of kinds) {
    left -= kind.weight;
    if (left < 0) return kind;
  }
  return kinds[0]!;
}

class Tally {
  readonly kinds = new Map<string, number>();
  readonly answers = new Map<string, number>();
  readonly findings = new Map<string, string>();

  count(kind: string, answer: string): void {
    this.kinds.set(kind, (this.kinds.get(kind) ?? 0) + 1);
    this.answers.set(answer, (this.answers.get(answer) ?? 0) + 1);
  }

  /** Keeps the first place of each. */
  find(told: string, where: string): void {
    // What was sent stands in it: no control characters in a report.
    const finding = told.replaceAll(/[^\x20-\x7e]/g, '?');
    if (this.findings.size < FINDINGS_MAX && !this.findings.has(finding)) this.findings.set(finding, where);
  }
}
