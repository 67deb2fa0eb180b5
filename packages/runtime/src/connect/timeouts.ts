/** The deadlines of callers, as each protocol's header has them. */
import type { IncomingHttpHeaders } from 'node:http';
import { timeoutMs } from '../grpc/load-shedder.ts';

/** Node's timers fire at once when they are to wait longer. */
const TIMER_MS_MAX = 2_147_483_647;
export const TIMEOUT_HEADERS = ['connect-timeout-ms', 'grpc-timeout'] as const;

/** Undefined: there is none, or none that ends within weeks, or it is none. */
export function timeoutMsOf(headers: IncomingHttpHeaders): number | undefined {
  const text = grpcTimeout(headers);
  if (text === undefined) return undefined;
  const ms = timeoutMs(text);
  return ms <= TIMER_MS_MAX ? ms : undefined;
}

/** As gRPC writes it. */
export function grpcTimeout(headers: IncomingHttpHeaders): string | undefined {
  const connect = headers['connect-timeout-ms'];
  if (typeof connect === 'string' && /^\d{1,10}$/.test(connect)) return `${connect}m`;
  return headers['grpc-timeout']?.toString();
}

/** Whether it is a deadline that no timer can keep: nobody waits for weeks. */
export function isEndless(headers: IncomingHttpHeaders): boolean {
  const text = grpcTimeout(headers);
  return text !== undefined && Number.isFinite(timeoutMs(text)) && timeoutMs(text) > TIMER_MS_MAX;
}
