/**
 * How far the control plane and the evaluators are: revisions, and how stale an
 * evaluator's answers can be.
 */
import { FlagstreamError, fail, headBeaconFromWire } from '@flagstream/protocol';
import {
  type Freshness,
  SourceState,
  sourceStateToJSON,
  WatchRequest,
  type WatchResponse,
} from '@flagstream/protocol/gen/flagstream/v1/evaluation';
import { GetHeadRequest, LogServiceClient } from '@flagstream/protocol/gen/flagstream/v1/log';
import { formatPosition, type HeadBeacon, UNBOUNDED_MS } from '@flagstream/replica';
import type { Verdict } from '@flagstream/runtime';
import { Metadata } from '@grpc/grpc-js';
import { callUnary, connectionError } from '../connection/call.ts';
import { parseEndpoint } from '../connection/endpoint.ts';
import { EvaluatorConnection } from '../connection/evaluator-connection.ts';
import type { Trust } from '../connection/trust.ts';
import { nextStep } from '../report-error.ts';
import type { DoctorRow } from './doctor-row.ts';

/** The evaluator is asked to say how it is this often: its first word comes within one of them. */
const HEARTBEAT_MS = 1_000;
/** An evaluator that follows is told of the head each second; later than this, something is in the way. */
const STALE_MS = 2_500;

export interface ControlPlaneAnswer {
  readonly row: DoctorRow;
  /** Undefined when it did not answer. */
  readonly head: HeadBeacon | undefined;
}

export async function askControlPlane(
  server: string,
  trust: Trust,
  timeoutMs: number,
): Promise<ControlPlaneAnswer> {
  const endpoint = parseEndpoint('control plane', server, trust);
  const place = { part: `control plane ${endpoint.address}`, check: 'head' };
  const client = new LogServiceClient(endpoint.address, endpoint.channel, endpoint.calls);
  try {
    const settings = { endpoint, metadata: new Metadata(), timeoutMs };
    const answer = await callUnary(client, client.getHead, GetHeadRequest.create(), settings);
    if (answer.head === undefined) throw fail('INTERNAL', 'the control plane answers without a head');
    const head = headBeaconFromWire(answer.head);
    return { row: { ...place, verdict: 'ok', detail: `revision ${positionOf(head)}` }, head };
  } catch (error) {
    return { row: failedRow(place, error), head: undefined };
  } finally {
    client.close();
  }
}

/** @param head of the control plane, when it answered */
export async function askEvaluator(
  address: string,
  scope: Trust & { readonly project: string; readonly environment: string },
  timeoutMs: number,
  head: HeadBeacon | undefined,
): Promise<DoctorRow> {
  const endpoint = parseEndpoint('evaluator', address, scope);
  const place = { part: `evaluator ${endpoint.address}`, check: 'freshness' };
  const evaluator = new EvaluatorConnection(endpoint, scope, timeoutMs);
  try {
    return { ...place, ...freshnessOf(await firstWord(evaluator, timeoutMs), head) };
  } catch (error) {
    return failedRow(place, error);
  } finally {
    evaluator.close();
  }
}

function firstWord(evaluator: EvaluatorConnection, timeoutMs: number): Promise<WatchResponse> {
  return new Promise((resolve, reject) => {
    const stream = evaluator.watch(WatchRequest.fromPartial({ heartbeatMs: HEARTBEAT_MS }));
    const timer = setTimeout(() => {
      const { address } = evaluator.endpoint;
      reject(fail('TIMEOUT', `the evaluator at ${address} did not answer in time`));
      stream.cancel();
    }, timeoutMs);
    stream.once('data', (word: WatchResponse) => {
      clearTimeout(timer);
      resolve(word);
      stream.cancel();
    });
    // Also after the word: the cancellation above comes back as an error.
    stream.on('error', (error) => {
      clearTimeout(timer);
      reject(connectionError(error as Parameters<typeof connectionError>[0], evaluator.endpoint));
    });
  });
}

/** Pure. */
export function freshnessOf(
  { epoch, revision, freshness }: Pick<WatchResponse, 'epoch' | 'revision' | 'freshness'>,
  head: HeadBeacon | undefined,
): { readonly verdict: Verdict; readonly detail: string } {
  const applied = `revision ${formatPosition({ epoch, revision: Number(revision) })}`;
  const behind = head === undefined ? 0 : head.headRevision - Number(revision);
  const lag = behind > 0 ? `, ${behind} behind the control plane` : '';
  if (freshness === undefined) return { verdict: 'warn', detail: `${applied}${lag}, of unknown age` };
  const { stalenessMs, estimated } = freshness;
  const bound = `at most ${stalenessMs} ms stale${estimated ? ' (estimated)' : ''}`;
  const age = stalenessMs === UNBOUNDED_MS ? 'of unknown age' : bound;
  const source = sourceStateToJSON(freshness.source).replace('SOURCE_STATE_', '');
  return { verdict: verdictOf(freshness), detail: `${applied}${lag}, ${age}, ${source}` };
}

function verdictOf({ source, stalenessMs }: Freshness): Verdict {
  if (source === SourceState.DIVERGED || source === SourceState.FROZEN) return 'fail';
  return source === SourceState.LIVE && stalenessMs <= STALE_MS ? 'ok' : 'warn';
}

function positionOf({ epoch, headRevision }: HeadBeacon): string {
  return formatPosition({ epoch, revision: headRevision });
}

/** Pure. What was found, and what to do about it. */
export function failedRow(place: Pick<DoctorRow, 'part' | 'check'>, error: unknown): DoctorRow {
  if (!(error instanceof FlagstreamError)) throw error;
  const silent = error.reason === 'UNREACHABLE' || error.reason === 'TIMEOUT';
  const detail = `${error.message}. ${nextStep(error)}`;
  return { ...place, verdict: 'fail', detail, ...(silent ? { unreachable: true } : {}) };
}
