// The servers that crowds connect to: an evaluator behind one kind of door with one size of set, and the floor.

import { decodeServerFrame } from '@flagstream/protocol';
import { StreamServiceService } from '@flagstream/protocol/gen/flagstream/v1/stream';
import type { Way } from '../../load/bare-stream.ts';
import { createFlags, MEASURED_FLAG } from '../../load/load-site.ts';
import { machineMsAt } from '../../load/machine-clock.ts';
import type { PushedSite } from '../../load/push-rounds.ts';
import { BenchChild } from '../bench-child.ts';
import type { Memory } from '../resting-memory.ts';
import { type Door, SecuritySite } from '../security/security-site.ts';
import type { StartedStreamFloor, StreamFloorQuestion } from '../stream-floor-host.ts';
import { cpuNs } from '../unary/cpu-time.ts';
import { type CapturedChange, FrameCapture } from './captured-frames.ts';

export interface PushingServer extends PushedSite {
  /** Of tables. */
  readonly name: string;
  readonly flags: number;
  readonly endpoint: string;
  readonly way: Way;
  /** The newest. */
  readonly revision: number;
  /** What a client that comes now is sent first. */
  readonly firstRevision: number;
  /** One change on the wire, to one client. */
  readonly onTheWire: CapturedChange;
  /** What a real SDK client must evaluate; undefined: the server answers none. */
  readonly values: Readonly<Record<string, boolean>> | undefined;
  memory(): Promise<Memory>;
  close(): Promise<void>;
}

export async function startEvaluator(door: Door, flags: number): Promise<PushingServer> {
  const site = await SecuritySite.start();
  const newest = await createFlags(site.admin, flags);
  const evaluator = await site.startEvaluator(door);
  await evaluator.follow(newest);
  const endpoint = `127.0.0.1:${evaluator.grpcPort}`;
  const way = evaluator.authority === undefined ? {} : { authority: evaluator.authority };
  const state = { enabled: true, revision: newest };
  const change = async (): ReturnType<PushedSite['change']> => {
    const { revision } = await site.admin.setEnabled(MEASURED_FLAG, !state.enabled);
    state.enabled = !state.enabled;
    state.revision = revision;
    return { revision, committedMs: machineMsAt(await site.lastCommitMs()) };
  };
  const { capture } = await FrameCapture.open(endpoint, way, newest);
  const onTheWire = await capture.take((await change()).revision);
  await capture.close();
  return {
    name: door === 'plaintext' ? 'evaluator' : `evaluator, ${door}`,
    ...{ flags, endpoint, way, onTheWire, change },
    get revision() {
      return state.revision;
    },
    get firstRevision() {
      return state.revision;
    },
    get values() {
      return { [MEASURED_FLAG]: state.enabled };
    },
    cpuMs: () => cpuNs(evaluator.pid) / 1e6,
    memory: () => evaluator.memory(),
    close: () => evaluator.close(),
  };
}

/** Sends what an evaluator with this set sent, change by change. */
export async function startFloor(flags: number, changes: number): Promise<PushingServer> {
  const evaluator = await startEvaluator('plaintext', flags);
  const { capture, opening } = await FrameCapture.open(evaluator.endpoint, evaluator.way, evaluator.revision);
  const captured: CapturedChange[] = [];
  while (captured.length < changes) captured.push(await capture.take((await evaluator.change()).revision));
  await capture.close();
  await evaluator.close();
  if (decodeServerFrame(opening.frames[0]!).type !== 'welcome')
    throw new Error('the captured stream does not begin with its Welcome');

  const host = new BenchChild('stream-floor-host', [], ['--expose-gc']);
  const ask = <Answer>(question: StreamFloorQuestion): Promise<Answer> => host.ask<Answer>(question);
  const { path } = StreamServiceService.sync;
  const first = opening.frames.map(base64);
  const { pid, port } = await ask<StartedStreamFloor>({ ask: 'start', path, duplex: true, first });
  let { revision } = opening;
  return {
    name: 'floor: bare grpc-js',
    ...{ flags, endpoint: `127.0.0.1:${port}`, way: {}, onTheWire: captured[0]!, values: undefined },
    firstRevision: opening.revision,
    get revision() {
      return revision;
    },
    change: async () => {
      const next = captured.shift();
      if (next === undefined) throw new Error('more changes were asked for than were captured');
      revision = next.revision;
      const committedMs = await ask<number>({ ask: 'push', messages: next.frames.map(base64) });
      return { revision, committedMs };
    },
    cpuMs: () => cpuNs(pid) / 1e6,
    memory: () => ask<Memory>({ ask: 'memory' }),
    close: () => host.close(),
  };
}

const base64 = (bytes: Buffer): string => bytes.toString('base64');
