/** "There is no such flag" with the flag that was probably meant. */
import { FlagstreamError, fail, nearestWord } from '@flagstream/protocol';
import { keyOfName } from '../output/flag-text.ts';
import type { AdminConnection } from './admin-connection.ts';
import { listFlags } from './admin-lists.ts';

/** Runs; a FLAG_NOT_FOUND about `key` gets the nearest key of the project as its next step. */
export async function withFlagHint<T>(
  admin: AdminConnection,
  project: string,
  key: string,
  run: () => Promise<T>,
): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof FlagstreamError) || error.reason !== 'FLAG_NOT_FOUND') throw error;
    const flags = await listFlags(admin, project);
    const nearest = nearestWord(
      key,
      flags.map(({ name }) => keyOfName(name)),
    );
    if (nearest === undefined) throw error;
    throw fail(error.reason, error.message, {
      metadata: { ...error.metadata, next: `Did you mean ${nearest}?` },
      cause: error,
    });
  }
}
