/** Waits for a signal, which ends the process, or for a role that must end by itself. */
import type { Lifecycle } from '@flagstream/runtime';
import type { RunningRole } from './roles.ts';

/** Does not resolve. @throws FlagstreamError when the role ended by itself; everything is stopped then */
export async function untilEnded(
  lifecycle: Lifecycle,
  { ended }: Pick<RunningRole, 'ended'>,
): Promise<never> {
  const error = await (ended ?? new Promise<never>(() => undefined));
  await lifecycle.stop();
  throw error;
}
