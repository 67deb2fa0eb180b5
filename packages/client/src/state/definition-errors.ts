/** Entities that this release cannot use, as errors for the application; a bounded number of them. */
import type { Problem } from '@flagstream/engine';
import { type FlagstreamError, fail } from '@flagstream/protocol';

/** One transfer of a much newer release could fill a log otherwise; status() lists all. */
const ERRORS_MAX = 20;

export function definitionErrors(
  entities: readonly { readonly problem: Problem; readonly inForce?: boolean }[],
): readonly FlagstreamError[] {
  const errors = entities.slice(0, ERRORS_MAX).map(({ problem, inForce = false }) => {
    const { entity, key, path, code, message } = problem;
    const instead = inForce ? 'its last good definition stays in force' : 'it is left out';
    return fail('INVALID_DEFINITION', `${entity} ${key}: ${message} (${instead})`, {
      fields: [
        {
          field: path === '' ? `${entity} ${key}` : `${entity} ${key}: ${path}`,
          description: message,
          reason: code,
        },
      ],
      metadata: { entity, key, code },
    });
  });
  const more = entities.length - errors.length;
  if (more > 0) errors.push(fail('INVALID_DEFINITION', `${more} more definitions cannot be used`));
  return errors;
}
