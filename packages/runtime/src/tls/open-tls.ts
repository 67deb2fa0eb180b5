/** TLS of a process's listeners: one identity for all of them, for as long as the process runs. */
import process from 'node:process';
import type { Lifecycle } from '../lifecycle/lifecycle.ts';
import type { ListenerTls } from '../listen/tls-door.ts';
import { HandshakeFailures } from './handshake-failures.ts';
import { ServerIdentity, type ServerIdentityOptions } from './server-identity.ts';

export interface OpenTlsOptions extends Pick<ServerIdentityOptions, 'settings' | 'logger' | 'metrics'> {
  /** SIGHUP makes it read the files again; false where a hangup ends the process. Default true. */
  readonly reloadsOnHangup?: boolean | undefined;
}

/** Undefined: no TLS is configured. @throws ConfigError naming setting and file */
export async function openTls(
  { settings, logger, metrics, reloadsOnHangup = true }: OpenTlsOptions,
  lifecycle: Lifecycle,
): Promise<ListenerTls | undefined> {
  const hangup = reloadsOnHangup ? { hangup: process } : {};
  const identity = await lifecycle.start(
    'certificates',
    () => ServerIdentity.open({ settings, logger, metrics, ...hangup }),
    (opened) => opened?.close(),
  );
  if (identity === undefined) return undefined;
  return { identity, failures: new HandshakeFailures(metrics, logger) };
}
