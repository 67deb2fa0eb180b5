/** Says in the log which entities are in quarantine, when they go in and when they come out. */
import type { Logger } from '@flagstream/runtime';
import type { StateListener } from './evaluator-state.ts';

export function quarantineLog(logger: Logger): StateListener['quarantine'] {
  return ({ scope: { project, environment } }, id, entry) => {
    if (entry === undefined) {
      logger.info({ project, environment, entity: id }, 'an entity is out of quarantine');
      return;
    }
    const { code, path, message, serving } = entry;
    logger.error(
      {
        project,
        environment,
        entity: id,
        code,
        path,
        detail: message,
        serving: serving ? 'older version' : 'none',
      },
      'an entity is in quarantine: its newest version is not in force',
    );
  };
}
