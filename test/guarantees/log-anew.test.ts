// A control plane that lost its data folder, and a NATS that lost its store, begin a new log: evaluators and
// clients that hold more revisions of the old one must neither go on answering by it nor call it fresh.

import { rmSync } from 'node:fs';
import { createClient } from '@flagstream/client';
import { expect } from 'vitest';
import { Installation } from '../support/installation.ts';
import { requiresNats } from '../support/requires-nats.ts';
import { hold } from '../support/resources.ts';
import { until } from '../support/until.ts';

requiresNats('2.9.0', { ownServer: true }).test(
  'a log that begins anew reaches evaluators and clients',
  async () => {
    const installation = await Installation.start({ evaluators: 1 });
    const evaluator = installation.evaluators[0]!;
    await installation.admin.createBoolean('checkout', false);
    let last = 0;
    for (let i = 0; i < 10; i += 1)
      last = (await installation.admin.setEnabled('checkout', i % 2 === 0)).revision;
    const client = createClient({ target: `127.0.0.1:${evaluator.grpcPort}` });
    hold({ what: 'client', release: () => client.close(), releaseNow: () => undefined });
    await until(() => client.status().position?.revision === last, { what: 'the client at the old head' });
    expect(client.booleanValue('checkout', true)).toBe(false);

    await installation.crashControlPlane();
    await installation.nats.stop('SIGKILL');
    rmSync(installation.nats.storeDir!, { recursive: true });
    rmSync(installation.dataDir, { recursive: true });
    await installation.nats.restart();
    await installation.restartControlPlane();
    const { revision } = await installation.admin.createBoolean('checkout', true);
    expect(revision).toBeLessThan(last);

    await until(() => client.booleanValue('checkout', false), {
      what: 'the client on the new log',
      timeoutMs: 20_000,
    });
    expect(client.status().position?.revision).toBe(revision);
    const metrics = await (await fetch(`http://127.0.0.1:${evaluator.managementPort}/metrics`)).text();
    expect(metrics).toMatch(/^flagstream_log_alarms_total\{alarm="diverged"\} [1-9]/m);
  },
);
