/** The key that an evaluator shows to the control plane, as it stands in its settings or in its file now. */
import { headerToken, parseToken } from '@flagstream/protocol';
import { ConfigError, type IdentityFiles } from '@flagstream/runtime';

/**
 * A file that is being written holds a part of a key for a moment.
 * @throws ConfigError, which repeats nothing of the key
 */
export function controlPlaneKey(
  configured: string | undefined,
  { secret }: Pick<IdentityFiles, 'secret'>,
): string | undefined {
  const text = secret('controlPlane.key', configured);
  if (text === undefined) return undefined;
  const key = headerToken(text);
  if (key === undefined) throw refusal('must be an API key: printable ASCII without spaces');
  if (text === configured || configured === undefined) return key;
  if (parseToken(configured.trim()) === undefined || parseToken(key) !== undefined) return key;
  throw refusal('its file holds no whole API key');
}

function refusal(message: string): ConfigError {
  return new ConfigError([{ where: 'controlPlane.key', message }]);
}
