// What a number of clients and evaluations needs, from what one evaluator was measured to need. Arithmetic alone: the
// same figures give the same page.

/** One evaluator, as the other suites measured it. */
export interface NodeFigures {
  /** Of the process without streams, by flags that it holds. */
  readonly baseMib: readonly Point[];
  /** Kept by an idle stream. */
  readonly streamKib: number;
  readonly streamTlsKib: number;
  /** Of one change to one client. */
  readonly pushCpuUs: number;
  readonly acknowledgeCpuUs: number;
  /** The cost of a push against that at the fewest flags, by flags. */
  readonly pushGrowth: readonly Point[];
  /** Commit to the last receipt, by clients. */
  readonly lastReceiptMs: readonly Point[];
  readonly bytesPerChange: number;
  /** CPU of one evaluation, by the way of asking. */
  readonly evaluationCpuUs: readonly Way[];
  /** From the process start to the first right answer with the most flags. */
  readonly coldStartMs: number;
  /** Of a stream that only holds on, for each heartbeat. */
  readonly heartbeatCpuUs: number;
  readonly heartbeatBytes: number;
  /** What a change of one flag adds. */
  readonly logBytesPerChange: number;
  readonly natsBytesPerChange: number;
}

export interface Way {
  readonly name: string;
  readonly cpuUs: number;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Workload {
  readonly streamClients: number;
  readonly flags: number;
  readonly changesPerDay: number;
  readonly evaluationsPerSecond: Readonly<Record<'average' | 'peak' | 'spike', number>>;
}

/** What is settled by us and not measured. */
export interface Rules {
  /** Of a core: beyond, a burst finds no room. */
  readonly utilisationMax: number;
  /** New streams that a node admits in a second. */
  readonly admittedPerSecond: number;
  /** All clients of a node that is lost are current again within this. */
  readonly recoverySeconds: number;
  readonly heartbeatSeconds: number;
}

export interface StreamNeeds {
  readonly nodes: number;
  /** Of one node when another one has been lost. */
  readonly clientsPerNode: number;
  readonly memoryMibPerNode: number;
  readonly memoryTlsMibPerNode: number;
  readonly recoverySeconds: number;
  readonly lastReceiptMs: number;
  /** Busy with one change. */
  readonly changeCpuMsPerNode: number;
  /** Of a core, at rest. */
  readonly idleShare: number;
  readonly bytesPerChange: number;
  readonly heartbeatBytesPerSecond: number;
}

/** The nodes that hold all streams while one of them is lost. */
export function streamNeeds(figures: NodeFigures, work: Workload, rules: Rules): StreamNeeds {
  const clientsMax = rules.admittedPerSecond * rules.recoverySeconds;
  const serving = Math.max(1, Math.ceil(work.streamClients / clientsMax));
  const clientsPerNode = Math.ceil(work.streamClients / serving);
  const growth = interpolate(figures.pushGrowth, work.flags);
  const busyUs = (figures.pushCpuUs * growth + figures.acknowledgeCpuUs) * clientsPerNode;
  const memory = (streamKib: number): number =>
    interpolate(figures.baseMib, work.flags) + (clientsPerNode * streamKib) / 1_024;
  const atRest = work.streamClients / serving / rules.heartbeatSeconds;
  return {
    nodes: serving + 1,
    clientsPerNode,
    memoryMibPerNode: memory(figures.streamKib),
    memoryTlsMibPerNode: memory(figures.streamTlsKib),
    recoverySeconds: clientsPerNode / rules.admittedPerSecond,
    lastReceiptMs: interpolate(figures.lastReceiptMs, clientsPerNode) * growth,
    changeCpuMsPerNode: busyUs / 1_000,
    idleShare: (atRest * figures.heartbeatCpuUs) / 1_000_000,
    bytesPerChange: work.streamClients * figures.bytesPerChange,
    heartbeatBytesPerSecond: (work.streamClients / rules.heartbeatSeconds) * figures.heartbeatBytes,
  };
}

/** Evaluators, of one core each, for evaluations over the network. */
export function evaluationNodes({ cpuUs }: Way, perSecond: number, { utilisationMax }: Rules): number {
  return Math.ceil((perSecond * cpuUs) / 1_000_000 / utilisationMax);
}

export interface Growth {
  readonly logBytesPerYear: number;
  readonly natsBytesPerDay: number;
}

export function growthOf(figures: NodeFigures, { changesPerDay }: Workload): Growth {
  return {
    logBytesPerYear: changesPerDay * 365 * figures.logBytesPerChange,
    natsBytesPerDay: changesPerDay * figures.natsBytesPerChange,
  };
}

export interface NodePoint {
  readonly rssMib: number;
  readonly pushCpuUs: number;
  readonly lastReceiptMs: number;
}

/** One node with so many clients and flags, plaintext. */
export function predict(figures: NodeFigures, clients: number, flags: number): NodePoint {
  const growth = interpolate(figures.pushGrowth, flags);
  return {
    rssMib: interpolate(figures.baseMib, flags) + (clients * figures.streamKib) / 1_024,
    pushCpuUs: figures.pushCpuUs * growth,
    lastReceiptMs: interpolate(figures.lastReceiptMs, clients) * growth,
  };
}

/** Of a prediction, as a share of what was measured. */
export function errorOf(predicted: number, measured: number): number {
  return Math.abs(predicted - measured) / measured;
}

/** On the line through the two nearest points, also beyond the last ones. @throws RangeError without two points */
export function interpolate(points: readonly Point[], x: number): number {
  const sorted = points.toSorted((a, b) => a.x - b.x);
  const after = sorted.findIndex((point) => point.x >= x);
  const right = Math.max(1, after === -1 ? sorted.length - 1 : after);
  const [left, next] = [sorted[right - 1], sorted[right]];
  if (left === undefined || next === undefined) throw new RangeError('two points are needed');
  return left.y + ((x - left.x) / (next.x - left.x)) * (next.y - left.y);
}
