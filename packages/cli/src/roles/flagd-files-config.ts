/** What an evaluator's settings mean where its flags are flagd's files. Pure. */
import type { EvaluatorConfig } from '@flagstream/evaluator/config';
import { fail } from '@flagstream/protocol';
import { isLoopback } from '@flagstream/runtime';

/**
 * Where callers need a key elsewhere, they are bound to the place that the flags are in: flagd's clients show none, and a
 * file holds none. Beyond loopback that takes `keyless.beyondLoopback`, unless `insecure` trusts everybody already.
 * @throws FlagstreamError CONFIG_INVALID for a setting that such an evaluator cannot have
 */
export function flagdFilesConfig(config: EvaluatorConfig): EvaluatorConfig {
  const { host, insecure, keyless, project, environment } = config;
  const place = `${project}/${environment}`;
  refuse('nats.url', config.nats.url !== undefined, FILES_ALONE);
  refuse('controlPlane.address', config.controlPlane.address !== undefined, FILES_ALONE);
  refuse('cache.dir', config.cache.dir !== undefined, 'the files are what a restart begins with');
  refuse('workers', config.workers > 1, 'one process follows the files: start several behind a balancer');
  refuse('requireKeys', config.requireKeys === true, 'a file holds no keys, so nobody could show one');
  refuse(
    'keyless.environment',
    (keyless.environment ?? place) !== place,
    `the flags of the files are in ${place} (project, environment)`,
  );
  const isBound = keyless.environment !== undefined || keyless.beyondLoopback;
  if (!isBound && (isLoopback(host) || insecure)) return config;
  return { ...config, keyless: { ...keyless, environment: place, sync: true } };
}

const FILES_ALONE = 'flags come from the files alone';

function refuse(setting: string, isSet: boolean, why: string): void {
  if (isSet) throw fail('CONFIG_INVALID', `${setting}: cannot be set with --flags: ${why}`);
}
