import { fail } from '@flagstream/protocol';
import { createLogger, Lifecycle } from '@flagstream/runtime';
import { expect, it } from 'vitest';
import { untilEnded } from './until-ended.ts';

it('stops everything when a role must end by itself, and says why', async () => {
  const logger = createLogger({ level: 'silent', service: 't', version: '0', nodeId: 'n' });
  const lifecycle = new Lifecycle({ logger, stopTimeoutMs: 10_000 });
  let closed = 0;
  const running = {
    grpcPort: 0,
    managementPort: 0,
    ended: Promise.resolve(fail('SECOND_CONTROL_PLANE', 'another one')),
    close: async () => {
      closed += 1;
    },
  };
  await lifecycle.start(
    'role',
    () => running,
    (started) => started.close(),
  );
  await expect(untilEnded(lifecycle, running)).rejects.toMatchObject({ reason: 'SECOND_CONTROL_PLANE' });
  expect(closed).toBe(1);
});
