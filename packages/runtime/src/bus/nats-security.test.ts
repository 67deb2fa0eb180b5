import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { nkeys } from 'nats';
import { afterAll, describe, expect, it } from 'vitest';
import { TestAuthority } from '../../../../test/support/certificates.ts';
import { startNatsServer } from '../../../../test/support/nats-server.ts';
import { requiresNats } from '../../../../test/support/requires-nats.ts';
import { createLogger } from '../log/logger.ts';
import { connectBus } from './nats-bus.ts';
import { natsCredentials } from './nats-security.ts';

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
