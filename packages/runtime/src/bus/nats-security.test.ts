import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { nkeys } from 'nats';
import { afterAll, describe, expect, it } from 'vitest';
import { TestAuthority } from '../../../../test/support/certificates.ts';
import { startNatsServer } from '../../../../test/support/nats-server.ts';
import { requiresNats } from '../../../../test/support/requires-nats.ts';
import { until } from '../../../../test/support/until.ts';
import { Lifecycle } from '../lifecycle/lifecycle.ts';
import { createLogger } from '../log/logger.ts';
import { Metrics } from '../metrics/metrics.ts';
import { ConnectionIdentities } from '../tls/connection-identities.ts';
import { connectBus } from './nats-bus.ts';
import { natsCredentials, natsIdentity } from './nats-security.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'flagstream-nats-security-'));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string): string {
  const written = path.join(folder, name);
  writeFileSync(written, text);
  return written;
}

const seedOf = (pair: { getSeed(): Uint8Array }): string => new TextDecoder().decode(pair.getSeed());

describe('the nkey of a NATS user', () => {
  it('is read from a file, with the line end of an editor', () => {
    const seed = file('user.nkey', `${seedOf(nkeys.createUser())}\n`);
    expect(natsCredentials({ nkeySeedFile: seed }).authenticator).toBeTypeOf('function');
  });

  const account = seedOf(nkeys.createAccount());
  it.each([
    ['that is not there', '/nowhere/seed', 'cannot be read'],
    ['of something else', file('none.nkey', 'hello secret'), 'holds no seed'],
    ['of an account', file('account.nkey', account), 'holds no seed'],
  ])('a file %s is refused by name, and its content is not told', (_, nkeySeedFile, problem) => {
    let message = '';
    try {
      natsCredentials({ nkeySeedFile });
    } catch (error) {
      message = String(error);
    }
    expect(message).toContain(`nats.nkeySeedFile (--nats-nkey-seed-file`);
    expect(message).toContain(`${nkeySeedFile} ${problem}`);
    expect(message).not.toContain('secret');
    expect(message).not.toContain(account);
  });
});

requiresNats('2.9.0').test('a server that speaks plaintext is refused where TLS is wanted', async () => {
  const nats = await startNatsServer();
  const logs: string[] = [];
  const logger = createLogger({
    level: 'warn',
    service: 't',
    version: '0',
    nodeId: 'n',
    destination: { write: (line) => void logs.push(line) },
  });
  const caFile = file('ca.pem', new TestAuthority().cert);
  const credentials = () => natsCredentials({ tls: { caFile } });
  const bus = await connectBus({ credentials, url: nats.url, prefix: nats.prefix, name: 't', logger });
  expect(bus.connected).toBe(false);
  expect(logs[0]).toContain('NATS is not reachable');
  await bus.close();
});

requiresNats('2.9.0', { ownServer: true }).test(
  'another seed in the file is what the next connection signs with, and no half of one',
  async () => {
    const [first, second] = [nkeys.createUser(), nkeys.createUser()];
    const user = (pair: typeof first): string =>
      `authorization { users: [ { nkey: ${pair.getPublicKey()} } ] }\n`;
    const config = file('nkeys.conf', user(first));
    const nkeySeedFile = file('rotated.nkey', seedOf(first));
    const nats = await startNatsServer({ config });
    const logger = createLogger({ level: 'silent', service: 't', version: '0', nodeId: 'n' });
    const lifecycle = new Lifecycle({ logger, stopTimeoutMs: 1_000 });
    const metrics = new Metrics();
    const identity = await natsIdentity(
      new ConnectionIdentities({ lifecycle, logger, metrics, reloadsOnHangup: false }),
      { nkeySeedFile },
    );
    const credentials = () => identity.forConnection();
    const bus = await connectBus({ credentials, url: nats.url, prefix: nats.prefix, name: 't', logger });
    expect(bus.connected).toBe(true);
    file('rotated.nkey', seedOf(second).slice(0, 20));
    await nats.restart();
    await until(() => bus.connected, { what: 'a connection with the old seed' });
    expect([identity.renewals, identity.refusals]).toEqual([0, 1]);
    file('rotated.nkey', seedOf(second));
    file('nkeys.conf', user(second));
    await nats.restart();
    await until(() => identity.renewals === 1 && bus.connected, { what: 'a connection with the new seed' });
    await bus.close();
    await lifecycle.stop();
  },
);
