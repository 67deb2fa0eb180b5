import type { Revision } from '@flagstream/protocol/gen/flagstream/v1/model';
import { describe, expect, it } from 'vitest';
import { start, waiting, watch } from '../evaluator.fixture.ts';
import { entity, shopLog } from '../log.fixture.ts';

const off = entity.config('default', 'development', 'new-checkout', { enabled: false });

const at = (revision: bigint, hash = Buffer.alloc(0)): Revision => ({ epoch: 1, revision, hash });

describe('Watch with min_revision', () => {
  it.each([
    ['results', { context: { targetingKey: 'u' } }, 'initial'],
    ['notices', {}, 'heartbeat'],
  ])('begins with %s once the revision is there', async (_, request, first) => {
    const log = shopLog();
    const started = await start(log);
    await started.evaluator.ready();
    const inbox = watch(started.client, { ...request, minRevision: at(4n) });
    await waiting(started);
    log.commit(off);
    const message = await inbox.until(() => inbox.messages[0]);
    expect(message).toMatchObject({ event: { $case: first }, revision: 4n, belowMinRevision: false });
  });

  it('fails where it does not come, or begins with an older state that says so', async () => {
    const log = shopLog();
    const { client, evaluator } = await start(log);
    await evaluator.ready();
    const refused = watch(client, { context: {}, minRevision: at(4n) });
    const forked = watch(client, { context: {}, minRevision: at(3n, Buffer.alloc(32)), allowStale: true });
    const older = watch(client, { context: {}, minRevision: at(4n), allowStale: true });
    expect(await refused.until(() => refused.error)).toMatchObject({
      reason: 'REVISION_NOT_REACHED',
      metadata: { wanted: 'e1.4', applied: 'e1.3' },
    });
    expect(await forked.until(() => forked.error)).toMatchObject({ reason: 'REVISION_FORKED' });
    const first = await older.until(() => older.messages[0]);
    expect(first).toMatchObject({ event: { $case: 'initial' }, revision: 3n, belowMinRevision: true });
    log.commit(off);
    const changed = await older.until(() => older.messages[1]);
    expect(changed).toMatchObject({ event: { $case: 'changed' }, revision: 4n, belowMinRevision: false });
  });

  it('opens nothing for a caller who left while it waited', async () => {
    const log = shopLog();
    const started = await start(log);
    const { client, evaluator } = started;
    await evaluator.ready();
    const stream = client.watch({
      flagKeys: [],
      context: {},
      heartbeatMs: 0,
      minRevision: at(4n),
      allowStale: true,
    });
    const ended = new Promise((resolve) => stream.once('error', resolve));
    await waiting(started);
    stream.cancel();
    await ended;
    while (evaluator.waiting() > 0) await new Promise((resolve) => setImmediate(resolve));
    const metrics = await fetch(`http://127.0.0.1:${evaluator.managementPort}/metrics`);
    expect(await metrics.text()).toContain('flagstream_stream_clients{kind="watch"} 0\n');
  });
});
