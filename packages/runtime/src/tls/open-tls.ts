/** TLS of a process's listeners: one identity for all of them, for as long as the process runs. */
import type { Lifecycle } from '../lifecycle/lifecycle.ts';
import type { ListenerTls } from '../listen/tls-door.ts';
import { HandshakeFailures } from './handshake-failures.ts';
import { ServerIdentity, type ServerIdentityOptions } from './server-identity.ts';

/** Undefined: no TLS is configured. @throws ConfigError naming setting and file */
export async function openTls(
  options: ServerIdentityOptions,
  lifecycle: Lifecycle,
): Promise<ListenerTls | undefined> {
  const identity = await lifecycle.start(
    'certificates',
    () => ServerIdentity.open(options),
    (opened) => opened?.close(),
  );
  if (identity === undefined) return undefined;
  return { identity, failures: new HandshakeFailures(options.metrics, options.logger) };
}
