/** Who comes without a key, and what an operator has to be told of that. */
import { fail } from '@flagstream/protocol';
import {
  type Authenticate,
  callsNeedKeys,
  isLoopback,
  keylessPrincipal,
  loopbackPrincipal,
} from '@flagstream/runtime';
import { type EvaluatorConfig, placeOf } from './evaluator-config.ts';

/** Undefined: a key is asked for. */
export function anonymousDoor(config: EvaluatorConfig): Authenticate | undefined {
  const { environment, sync } = config.keyless;
  const place = environment === undefined ? undefined : placeOf(environment);
  if (place !== undefined) return keylessPrincipal(place, sync ? ['evaluate', 'sync'] : ['evaluate']);
  return callsNeedKeys(config) ? undefined : loopbackPrincipal(config);
}

/** Whether nobody may do everything. */
export function boundOrKeyed(config: EvaluatorConfig): boolean {
  return config.keyless.environment !== undefined || callsNeedKeys(config);
}

/**
 * What is said at the start of a process that evaluates without a key; undefined: it does not, or nobody is bound.
 * @throws FlagstreamError CONFIG_INVALID where other machines reach it, and nobody said that they may
 */
export function keylessNotice({ host, keyless }: EvaluatorConfig): string | undefined {
  const { environment, sync, beyondLoopback } = keyless;
  if (environment === undefined) return undefined;
  const what = sync ? 'evaluates, and is sent the rules,' : 'evaluates';
  if (isLoopback(host)) return `who shows no key ${what} in ${environment}, and nowhere else`;
  if (!beyondLoopback)
    throw fail(
      'CONFIG_INVALID',
      `keyless.environment: whoever reaches ${host} would evaluate in ${environment} without a key. Set host: 127.0.0.1, or keyless.beyondLoopback: true (--keyless-beyond-loopback, FLAGSTREAM_KEYLESS_BEYOND_LOOPBACK=true) if that is meant`,
      { metadata: { host } },
    );
  return `whoever reaches ${host} ${what} in ${environment} without a key`;
}
