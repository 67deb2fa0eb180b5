/**
 * One Sync stream: carries a session's effects out on a gRPC stream. Third
 * station of the path, the last one in this process.
 *
 * Holds true: frames of a transfer are shared bytes; of a transfer of many
 * frames one is on its way at a time and nothing else is written meanwhile; a
 * stream that ended is told nothing any more.
 */
import {
  clientFrameFromWire,
  type ErrorReason,
  encodeDrain,
  encodePing,
  encodeStreamError,
  encodeWelcome,
  fail,
  LIMITS,
  messageOf,
} from '@flagstream/protocol';
import type { SyncRequest } from '@flagstream/protocol/gen/flagstream/v1/stream';
import type {
  ClientFrame,
  CloseReason,
  Hello,
  Position,
  SyncServerEffect,
  SyncServerEvent,
  SyncServerSession,
} from '@flagstream/replica';
import { endWithError, type Logger } from '@flagstream/runtime';
import type { EnvironmentLedger } from '../report/environment-ledger.ts';
import { type EnvironmentReplica, environmentArchived } from '../state/environment-replica.ts';
import type { FanoutMember } from './change-fanout.ts';
import type { FullTransferGate, TurnTaker } from './full-transfer-gate.ts';
import type { DrainWindow, OpenStream } from './stream-registry.ts';
import type { Ticked } from './tick-wheel.ts';
import type { TransferCache } from './transfer-cache.ts';

/** What a stream needs of a gRPC call. */
export interface FrameSink {
  readonly writableEnded: boolean;
  readonly destroyed: boolean;
  /** `taken`: the connection has it. */
  write(frame: Buffer, taken?: () => void): unknown;
  end(): unknown;
  emit(event: string, ...args: unknown[]): boolean;
}

export interface SyncStreamOptions {
  readonly sink: FrameSink;
  readonly session: SyncServerSession;
  readonly environment: EnvironmentReplica;
  readonly transfers: TransferCache;
  readonly gate: FullTransferGate;
  /** Where it is counted. */
  readonly ledger: EnvironmentLedger;
  /** Made when there is something to say: most streams never have. */
  readonly logger: () => Logger;
  readonly monotonicMs: () => number;
  readonly onClose: (reason: string) => void;
  /** The client held another set than this node at the same revision. */
  readonly onDiverged: () => void;
  readonly head: () => Position;
}

/** The client should try another node this soon: this one will not have caught up. */
const BEHIND_RETRY_MS = 2_000;
/** One for all: an array for each stream and push would live until the next push. */
const NO_FRAMES: readonly Buffer[] = [];
/** Others that hold nothing have been served by then. */
const OVERLOADED_RETRY_MS = 5_000;

const CLOSE_STATUS: Readonly<Record<Exclude<CloseReason, 'bye'>, ErrorReason>> = {
  'hello-timeout': 'TIMEOUT',
  'ack-timeout': 'TIMEOUT',
  silent: 'TIMEOUT',
  protocol: 'STREAM_PROTOCOL',
  'unsupported-version': 'STREAM_VERSION_UNSUPPORTED',
  behind: 'NOT_READY',
  'not-ready': 'NOT_READY',
  overloaded: 'OVERLOADED',
  'digest-mismatch': 'INTERNAL',
  draining: 'DRAINING',
};

export class SyncStream implements FanoutMember, OpenStream, Ticked, TurnTaker {
  readonly #options: SyncStreamOptions;
  /** Frames of a transfer that wait for the one before them to be taken. */
  #waiting = NO_FRAMES;
  /** Frames of other kinds that came up meanwhile: a farewell and an error at most. */
  #behindTransfer = NO_FRAMES;
  #closed = false;

  constructor(options: SyncStreamOptions) {
    this.#options = options;
  }

  get deadlineMs(): number {
    return this.#closed ? Number.POSITIVE_INFINITY : this.#options.session.deadlineMs;
  }

  /** A transfer is unacknowledged, or owed. */
  get dirty(): boolean {
    return this.#options.session.owes;
  }

  get owesAcknowledgement(): boolean {
    return !this.#closed && this.dirty;
  }

  receive(request: SyncRequest): void {
    let frame: ClientFrame;
    try {
      frame = clientFrameFromWire(request);
    } catch (error) {
      this.#close('protocol', messageOf(error));
      return;
    }
    if (frame.type === 'hello' && isTooLong(frame.hello)) {
      this.#close(
        'protocol',
        `hello has a name of more than ${LIMITS.instanceIdLengthMax} characters, or more than ${LIMITS.lostStreamsMax} lost streams`,
      );
      return;
    }
    this.#handle({ type: 'frame', frame });
  }

  changed(): void {
    const { environment } = this.#options;
    if (environment.gone) {
      this.#end('archived', environmentArchived(environment));
      return;
    }
    this.#handle({ type: 'head' });
  }

  tick(): void {
    this.#handle({ type: 'tick' });
  }

  turn(): void {
    this.#handle({ type: 'turn' });
  }

  drain(window: DrainWindow): void {
    this.#handle({ type: 'stop', ...window });
  }

  /** The client half-closed or went away. */
  left(reason: 'ended' | 'cancelled'): void {
    if (this.#closed) return;
    this.#finish(reason);
    if (reason === 'ended') this.#options.sink.end();
  }

  #handle(event: SyncServerEvent): void {
    if (this.#closed) return;
    const { session, ledger, monotonicMs } = this.#options;
    const { peer, acked: before } = session;
    const effects = session.handle(event, monotonicMs());
    if (peer === undefined && session.peer !== undefined) ledger.joined(session);
    for (const effect of effects) {
      if (effect.type === 'confirmed') ledger.confirmed(session, before, monotonicMs());
      else this.#perform(effect);
    }
  }

  #perform(effect: Exclude<SyncServerEffect, { readonly type: 'confirmed' }>): void {
    const { environment, transfers, session, logger } = this.#options;
    switch (effect.type) {
      case 'welcome':
        this.#write(encodeWelcome(effect.welcome));
        break;
      case 'ask-turn':
        if (!this.#options.gate.ask(this)) this.#handle({ type: 'no-turn' });
        break;
      case 'transfer':
        this.#waiting = transfers.frames(environment, effect, session.frameBytesMax);
        this.#pump();
        break;
      case 'drain':
        this.#write(encodeDrain(effect));
        break;
      case 'ping':
        // Behind a transfer it would come late, and say how fresh the state was when it was made.
        if (this.#waiting.length === 0) this.#write(encodePing(effect));
        break;
      case 'refused':
        logger().warn(
          { code: effect.code, detail: effect.detail.slice(0, LIMITS.nackDetailBytesMax) },
          'a client refused a transfer',
        );
        break;
      case 'diverged':
        this.#options.onDiverged();
        logger().error({ revision: effect.position.revision }, 'a client holds another set at this revision');
        break;
      case 'close':
        this.#close(effect.reason, effect.detail);
        break;
    }
  }

  #close(reason: CloseReason, detail: string): void {
    if (this.#closed) return;
    if (reason === 'bye') {
      this.#finish(reason);
      this.#options.sink.end();
      return;
    }
    if (reason === 'behind')
      this.#write(
        encodeStreamError({
          code: 'behind',
          retryAfterMs: BEHIND_RETRY_MS,
          head: this.#options.head(),
          detail,
        }),
      );
    const status = CLOSE_STATUS[reason];
    const metadata = { close: reason };
    this.#end(
      reason,
      fail(
        status,
        detail,
        reason === 'overloaded' ? { metadata, retryAfterMs: OVERLOADED_RETRY_MS } : { metadata },
      ),
    );
  }

  #end(reason: string, error: Error): void {
    this.#finish(reason);
    endWithError(this.#options.sink, error);
  }

  #finish(reason: string): void {
    this.#closed = true;
    const { session, ledger, monotonicMs, gate } = this.#options;
    ledger.left(session, monotonicMs(), reason === 'bye' ? 'with-bye' : 'lost');
    this.#waiting = NO_FRAMES;
    this.#behindTransfer = NO_FRAMES;
    gate.done(this);
    this.#options.onClose(reason);
  }

  #write(frame: Buffer): void {
    if (this.#closed) return;
    if (this.#waiting.length > 0) this.#behindTransfer = [...this.#behindTransfer, frame];
    else this.#options.sink.write(frame);
  }

  readonly #taken = (): void => {
    if (this.#closed) return;
    this.#options.gate.moved(this);
    this.#handle({ type: 'drained' });
    this.#pump();
  };

  /** Writes the next frame of a transfer, and what has waited behind the last one. */
  #pump(): void {
    const { sink, gate } = this.#options;
    const [next] = this.#waiting;
    if (next !== undefined && this.#waiting.length > 1) {
      this.#waiting = this.#waiting.slice(1);
      sink.write(next, this.#taken);
      return;
    }
    this.#waiting = NO_FRAMES;
    if (next !== undefined) sink.write(next);
    const behind = this.#behindTransfer;
    this.#behindTransfer = NO_FRAMES;
    for (const frame of behind) sink.write(frame);
    gate.done(this);
  }
}

/** Names stand in reports and are kept by them. */
function isTooLong({ instanceId, sdk, lostStreams }: Hello): boolean {
  if (lostStreams.length > LIMITS.lostStreamsMax) return true;
  const names = [instanceId, sdk.name, sdk.version, sdk.language, ...lostStreams.map(({ bootId }) => bootId)];
  return names.some(({ length }) => length > LIMITS.instanceIdLengthMax);
}
