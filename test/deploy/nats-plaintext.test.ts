// The NATS configuration, read by a real nats-server that then holds the log's stream.

import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { LIMITS } from '@flagstream/protocol';
import { connectBus } from '@flagstream/runtime';
import { connect } from 'nats';
import { expect, test } from 'vitest';
import { findNatsServer } from '../../scripts/fetch-nats-server.mjs';
import { ROOT, readTracked } from '../repository/tracked-files.ts';
import { freePort } from '../support/free-port.ts';
import { startNatsServer } from '../support/nats-server.ts';
import { requiresNats } from '../support/requires-nats.ts';
import { tempDir } from '../support/temp-dir.ts';
import { unreadLogger } from '../support/unread-logger.ts';

const CONFIG = 'deploy/nats/nats-plaintext.conf';
const HEALTH = /http:\/\/127\.0\.0\.1:8222(\/healthz\S*?)"/;

requiresNats('2.9.0', { ownServer: true }).describe(CONFIG, () => {
  test('passes the check of nats-server itself', () => {
    const words = ['--config', path.join(ROOT, CONFIG), '-t'];
    expect(() => execFileSync(findNatsServer(), words, { stdio: 'pipe' })).not.toThrow();
  });

  test("makes a server that holds the log's stream and answers the compose file's health check", async () => {
    // The monitoring port may be taken on this machine; the support gives the other port and the folder.
    const monitoring = await freePort();
    const config = path.join(tempDir('nats-config'), 'nats.conf');
    const text = readTracked(CONFIG)
      .replace(/^http: .*$/m, `http: 127.0.0.1:${monitoring}`)
      .replace(/^ *store_dir: .*$/m, '');
    writeFileSync(config, text);
    const server = await startNatsServer({ config });

    const connection = await connect({ servers: server.url });
    expect(connection.info?.max_payload).toBeGreaterThanOrEqual(LIMITS.streamMessageBytesMax);
    await connection.close();

    const bus = await connectBus({
      url: server.url,
      prefix: server.prefix,
      name: 'test',
      logger: unreadLogger,
    });
    await bus.ensureLogStream(1, LIMITS.logStreamBytesMax);
    expect(await bus.epochs()).toEqual([1]);
    await bus.close();

    const health = HEALTH.exec(readTracked('deploy/compose.yaml'))?.[1];
    expect(health).toBeDefined();
    expect((await fetch(`http://127.0.0.1:${monitoring}${health}`)).status).toBe(200);
  });
});
