/**
 * The streams of one evaluator: production's session, stream, fan-out and
 * transfer cache over simulated connections. Frames are the real bytes.
 */
import { LIMITS } from '@flagstream/protocol';
import { SyncRequest } from '@flagstream/protocol/gen/flagstream/v1/stream';
import { type Position, SyncServerSession } from '@flagstream/replica';
import { ChangeFanout } from '../../../services/evaluator/src/fanout/change-fanout.ts';
import { FullTransferGate } from '../../../services/evaluator/src/fanout/full-transfer-gate.ts';
import {
  ServedEnvironment,
  type ServedLog,
} from '../../../services/evaluator/src/fanout/served-environment.ts';
import { SyncStream } from '../../../services/evaluator/src/fanout/sync-stream.ts';
import { TransferCache } from '../../../services/evaluator/src/fanout/transfer-cache.ts';
import type { EnvironmentReplica } from '../../../services/evaluator/src/state/environment-replica.ts';
import type { History } from '../checkers/history.ts';
import type { Connection } from '../world/connection.ts';
import type { Process } from '../world/process.ts';
import { silentLogger } from '../world/silent-logger.ts';
import type { EvaluatorReports } from './evaluator-reports.ts';

/** Small frames, so that transfers are cut and can be torn. */
const FRAME_BYTES_MAX = 1_200;
const HEARTBEAT_MS = 4_000;

export interface StreamsParts {
  readonly process: Process;
  readonly served: ServedLog;
  readonly reports: EvaluatorReports;
  readonly history: History;
  /** Undefined: not ready. */
  environment(): EnvironmentReplica | undefined;
  /** Wraps a session, to count what it goes through. */
  watch(session: SyncServerSession): SyncServerSession;
}

export class EvaluatorStreams {
  readonly #parts: StreamsParts;
  readonly #fanout: ChangeFanout;
  readonly #transfers: TransferCache;
  readonly #gate: FullTransferGate;
  readonly #streams = new Map<Connection, SyncStream>();
  /** Whose Hello was taken, by number. */
  readonly #sessions = new Set<number>();
  readonly #numbers = new WeakMap<Connection, number>();
  #accepted = 0;
  #closing = false;
  readonly #seen = new WeakSet<Connection>();
  /** Streams that wait for their Hello. */
  readonly #opening = new Map<Connection, { readonly number: number; readonly session: SyncServerSession }>();

  constructor(parts: StreamsParts) {
    this.#parts = parts;
    this.#fanout = new ChangeFanout(silentLogger);
    this.#transfers = new TransferCache(() => parts.served.state());
    this.#gate = new FullTransferGate(parts.process.nowMs);
  }

  /** A frame from a client; the first one of a connection opens its stream. */
  receive(connection: Connection, bytes: Uint8Array): void {
    if (!this.#seen.has(connection)) {
      this.#seen.add(connection);
      this.#accept(connection);
    }
    this.#streams.get(connection)?.receive(SyncRequest.decode(bytes));
    this.#opened(connection);
  }

  /** Its first frame was a Hello that was taken. */
  #opened(connection: Connection): void {
    const opening = this.#opening.get(connection);
    const peer = opening?.session.peer;
    if (opening === undefined || peer === undefined) return;
    this.#opening.delete(connection);
    const { reports, history } = this.#parts;
    const { number: stream } = opening;
    const { instanceId: client, joined } = peer;
    this.#sessions.add(stream);
    this.#numbers.set(connection, stream);
    history.observe({ type: 'session-opened', boot: reports.bootId, stream, client, joined });
    if (!this.#streams.has(connection)) this.#ended(stream, this.#parts.served.position());
  }

  #ended(stream: number, at: Position | undefined): void {
    const { reports, history } = this.#parts;
    if (this.#sessions.delete(stream))
      history.observe({ type: 'session-ended', boot: reports.bootId, stream, at });
  }

  #accept(connection: Connection): void {
    const { served, process, reports, history } = this.#parts;
    const environment = this.#parts.environment();
    if (environment === undefined || this.#closing) {
      connection.close('server', 'not ready');
      return;
    }
    this.#accepted += 1;
    const number = this.#accepted;
    const session = this.#parts.watch(
      new SyncServerSession(new ServedEnvironment(environment, served), this.#settings(), process.nowMs()),
    );
    const stream = new SyncStream({
      sink: new Sink(connection),
      session,
      environment,
      transfers: this.#transfers,
      gate: this.#gate,
      ledger: reports.delivery.of(environment.scope),
      logger: () => silentLogger,
      monotonicMs: process.nowMs,
      head: (): Position => served.position(),
      onDiverged: () => history.observe({ type: 'diverged', node: process.name }),
      onClose: () => {
        this.#streams.delete(connection);
        this.#fanout.remove(environment, stream);
        this.#ended(number, served.position());
      },
    });
    reports.changed([environment]);
    this.#streams.set(connection, stream);
    this.#opening.set(connection, { number, session });
    this.#fanout.add(environment, stream);
    this.#tick(connection, stream);
  }

  /** Asks every client to move within this time. */
  drain(deadlineMs: number): void {
    const window = { deadlineMs, reconnectMaxMs: Math.ceil(deadlineMs / 2) };
    for (const stream of this.#streams.values()) stream.drain(window);
  }

  /** Takes no stream any more, and ends those that are open. */
  close(): void {
    this.#closing = true;
    for (const connection of [...this.#streams.keys()]) {
      this.left(connection);
      connection.close('server', 'draining');
    }
  }

  /** The process is gone, and nothing was said of it. */
  crashed(): void {
    for (const stream of [...this.#sessions]) this.#ended(stream, undefined);
  }

  left(connection: Connection): void {
    this.#streams.get(connection)?.left('cancelled');
  }

  /** Its client has found that it is over. */
  lost(connection: Connection): void {
    const stream = this.#numbers.get(connection);
    const { reports, history } = this.#parts;
    if (stream !== undefined) history.observe({ type: 'session-lost', boot: reports.bootId, stream });
  }

  changed(environments: readonly EnvironmentReplica[]): void {
    this.#fanout.changed(environments);
  }

  #tick(connection: Connection, stream: SyncStream): void {
    const { process } = this.#parts;
    process.after(Math.max(1, stream.deadlineMs - process.nowMs()), () => {
      if (this.#streams.get(connection) !== stream) return;
      stream.tick();
      this.#tick(connection, stream);
    });
  }

  #settings(): ConstructorParameters<typeof SyncServerSession>[1] {
    const { name, world } = this.#parts.process;
    const { delivery } = this.#parts.reports;
    return {
      node: name,
      bootId: delivery.bootId,
      reportSequence: () => delivery.sequence,
      sessionId: name,
      helloTimeoutMs: LIMITS.helloTimeoutMs,
      heartbeatMs: HEARTBEAT_MS,
      heartbeatMsMin: LIMITS.heartbeatMsMin,
      heartbeatMsMax: LIMITS.heartbeatMsMax,
      heartbeatsMissedMax: LIMITS.heartbeatsMissedMax,
      ackTimeoutMs: LIMITS.ackTimeoutMs,
      nackRetryMs: LIMITS.nackRetryMs,
      frameBytesMax: FRAME_BYTES_MAX,
      sessionTtlMs: LIMITS.sessionTtlMs,
      rebalanceMs: LIMITS.rebalanceMs,
      reconnectSpreadMs: () => 0,
      random: world.random.next,
    };
  }
}

/** A gRPC call's writing half over a simulated connection. */
class Sink {
  readonly destroyed = false;
  writableEnded = false;
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Taken at once: the connection is never full. */
  write(frame: Buffer, taken?: () => void): void {
    this.#connection.send('server', frame);
    taken?.();
  }

  end(): void {
    this.writableEnded = true;
    this.#connection.close('server', 'ended');
  }

  /** How a call's error leaves a gRPC server. */
  emit(event: string, error?: unknown): boolean {
    this.#connection.close('server', `${event}: ${error instanceof Error ? error.message : ''}`);
    return true;
  }
}
