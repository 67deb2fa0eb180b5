/**
 * Sessions whose peer has said goodbye with calls still running. Node does not
 * ping over such a session, which grpc-js takes for a dead peer: it would end
 * the session, and the answers of those calls with it.
 */
import type { ServerHttp2Session } from 'node:http2';

type PingCallback = (error: Error | null, durationMs: number, payload: Buffer) => void;

/** What a session that was said goodbye to may take: then it ends by the next ping, as a peer that is gone may never end it. */
const FAREWELL_MS = 40_000;
const NO_PAYLOAD = Buffer.alloc(8);

/** To be called while the session is new. */
export function spareFarewells(session: ServerHttp2Session, monotonicMs: () => number): void {
  const ping = session.ping.bind(session) as (callback: PingCallback) => boolean;
  let farewellMs: number | undefined;
  session.ping = ((callback: PingCallback) => {
    if (!session.closed) return ping(callback);
    farewellMs ??= monotonicMs();
    if (monotonicMs() - farewellMs > FAREWELL_MS) return false;
    setImmediate(callback, null, 0, NO_PAYLOAD);
    return true;
  }) as typeof session.ping;
}
