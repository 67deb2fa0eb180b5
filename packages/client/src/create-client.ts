/**
 * The way to a client that follows servers. Apart from the client itself, so that what only needs its class
 * (the testing entry) loads no transport.
 */
import { FlagstreamClient } from './client.ts';
import { ClientCore } from './client-core.ts';
import { type ClientOptions, resolveOptions } from './client-options.ts';

/**
 * Makes a client, which starts at once, in the background.
 * @throws FlagstreamError INVALID_FIELD naming the option that is wrong.
 */
export function createClient(options: ClientOptions = {}): FlagstreamClient {
  const settings = resolveOptions(options);
  return new FlagstreamClient(new ClientCore(settings), settings.initialTimeoutMs);
}
