/** What a worker and its supervisor tell each other, as JSON over the channel that Node gives a forked process. */
import { type ErrorReason, FlagstreamError, fail, messageOf } from '@flagstream/protocol';
import { exitCodeOf } from '../exit-code.ts';

export type WorkerMessage =
  /** It hears messages from now on. */
  | { readonly type: 'hears' }
  /** Its ports are open. */
  | {
      readonly type: 'started';
      readonly grpcPort: number;
      readonly managementPort: number;
      /** SIGHUP makes it read files again; without any, a hangup ends a process. */
      readonly rereadsOnHangup: boolean;
    }
  | ({ readonly type: 'state' } & WorkerStanding)
  /** It was asked whether it lives. */
  | { readonly type: 'lives' }
  /** It ends, by itself. */
  | { readonly type: 'failed'; readonly failure: WorkerFailure };

/** Stop in order; or say that you live. */
export interface SupervisorMessage {
  readonly type: 'stop' | 'lives?';
}

export interface WorkerStanding {
  readonly ready: boolean;
  readonly epoch: number;
  readonly revision: number;
}

/** Why a worker ended by itself. */
export interface WorkerFailure {
  readonly exitCode: number;
  /** Absent: a defect. */
  readonly reason?: ErrorReason;
  readonly message: string;
  readonly metadata: Readonly<Record<string, string>>;
}

export function failureOf(error: unknown): WorkerFailure {
  const exitCode = exitCodeOf(error);
  if (error instanceof FlagstreamError) {
    const { reason, message, metadata } = error;
    return { exitCode, reason, message, metadata };
  }
  const stack = error instanceof Error ? error.stack : undefined;
  return { exitCode, message: stack ?? messageOf(error), metadata: {} };
}

/** The error as the worker itself would have reported it. */
export function errorOf({ reason = 'INTERNAL', message, metadata }: WorkerFailure): FlagstreamError {
  return fail(reason, message, { metadata });
}
