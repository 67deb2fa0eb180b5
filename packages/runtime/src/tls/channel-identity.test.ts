import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import * as grpc from '@grpc/grpc-js';
import { expect, it } from 'vitest';
import { TestAuthority, writeCertificate } from '../../../../test/support/certificates.ts';
import { TcpProxy } from '../../../../test/support/tcp-proxy.ts';
import { tempDir } from '../../../../test/support/temp-dir.ts';
import { until } from '../../../../test/support/until.ts';
import { echo, failure, openChat, opened, say, start, type Text } from '../grpc/echo-host.fixture.ts';
import { createLogger } from '../log/logger.ts';
import { channelCredentials } from './channel-identity.ts';
import { ConnectionIdentity } from './connection-identity.ts';
import { TestTls } from './tls.fixture.ts';
import { readConnectionTls } from './tls-files.ts';

/** A period that no timer reaches: only connections look. */
const NEVER_MS = 3_600_000;
const logger = createLogger({ level: 'silent', service: 't', version: '0', nodeId: 'n' });

/** What a client trusts and shows, in files. */
class ClientFiles {
  readonly folder = tempDir('channel-identity');
  readonly caFile = path.join(this.folder, 'ca.pem');
  readonly identity: ConnectionIdentity<{ tls: ReturnType<typeof readConnectionTls> }>;

  constructor(authority: TestAuthority) {
    const settings = { caFile: this.caFile, ...this.hold(authority) };
    this.identity = new ConnectionIdentity({
      connection: 'test',
      logger,
      lookMs: NEVER_MS,
      read: (read) => ({ tls: readConnectionTls('controlPlane.tls', settings, read) }),
    });
    opened.push(() => this.identity.close());
  }

  /** Shows a certificate of this authority, and trusts these as well. */
  hold(authority: TestAuthority, ...trusted: readonly TestAuthority[]): ReturnType<typeof writeCertificate> {
    writeFileSync(this.caFile, [authority, ...trusted].map(({ cert }) => cert).join(''));
    return writeCertificate(this.folder, 'own', authority.issue('client'));
  }
}

function channel(port: number, credentials: grpc.ChannelCredentials): grpc.Client {
  const client = new grpc.Client(`localhost:${port}`, credentials, {
    'grpc.use_local_subchannel_pool': 1,
    'grpc.initial_reconnect_backoff_ms': 100,
  });
  opened.push(() => client.close());
  return client;
}

/** Cuts every connection, and has the channel make another. */
async function reconnect(proxy: TcpProxy, client: grpc.Client): Promise<void> {
  const { accepted } = proxy.traffic;
  proxy.reset();
  const answered = (): Promise<boolean> =>
    say(client, 'again').then(
      () => true,
      () => false,
    );
  await until(answered, { what: 'an answer over a new connection' });
  expect(proxy.traffic.accepted).toBeGreaterThan(accepted);
}

it('a connection that is made uses what the files hold then, and one that is open is left alone', async () => {
  const tls = new TestTls({ mutual: true });
  const [first, second] = [tls.authority, new TestAuthority('the next one')];
  const { port } = await start([echo], { tls: tls.listener });
  const proxy = await TcpProxy.start(port);
  const files = new ClientFiles(first);
  const client = channel(proxy.port, channelCredentials(files.identity));
  const stale = channel(port, channelCredentials(new ClientFiles(first).identity));
  const stream = openChat(client);
  const answers: string[] = [];
  stream.on('data', ({ text }: Text) => answers.push(text));
  await once(stream, 'data');
  const { accepted } = proxy.traffic;

  files.hold(second, first);
  writeFileSync(path.join(tls.folder, 'ca.pem'), second.cert);
  writeCertificate(tls.folder, 'first', second.issue('server'));
  tls.identity.reload('change');
  stream.write({ text: 'still here' });
  await once(stream, 'data');
  expect(answers).toEqual(['open', 'still here']);
  expect([proxy.traffic.accepted, files.identity.renewals]).toEqual([accepted, 0]);

  await reconnect(proxy, client);
  expect(files.identity.renewals).toBe(1);
  // Who did not renew is a stranger to this server.
  expect(await failure(say(stale, 'old'))).toMatchObject({ code: grpc.status.UNAVAILABLE });

  // The key comes first, its certificate is still to come.
  const next = second.issue('client');
  writeFileSync(path.join(files.folder, 'own.key'), next.key);
  await reconnect(proxy, client);
  expect([files.identity.renewals, files.identity.refusals]).toEqual([1, 1]);
  writeCertificate(files.folder, 'own', next);
  await reconnect(proxy, client);
  expect([files.identity.renewals, files.identity.refusals]).toEqual([2, 1]);
});

it('without TLS in the settings it is plaintext', async () => {
  const { port } = await start([echo]);
  const value = {};
  const client = channel(port, channelCredentials({ value, forConnection: () => value }));
  expect(await say(client, 'plain')).toEqual({ text: 'plain' });
});
