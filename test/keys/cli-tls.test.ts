// The command line against a control plane and an evaluator that ask for certificates.

import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runFlagstream, startFlagstream } from '../support/flagstream.ts';
import { tempDir } from '../support/temp-dir.ts';
import { type TlsNode, TlsSite } from './tls-nodes.ts';

const EXIT_UNAVAILABLE = 6;
const EXIT_USAGE = 2;

describe('the command line over mutual TLS', () => {
  let site: TlsSite;
  let controlPlane: TlsNode;
  let evaluator: TlsNode;
  /** Where the servers are, and no more. */
  let places: Record<string, string>;
  let env: Record<string, string>;

  beforeAll(async () => {
    site = new TlsSite();
    const { certFile, keyFile } = site.authority.issueFiles(site.folder, 'person');
    controlPlane = await site.start('control-plane', [`--data=${tempDir('tls-data')}`]);
    evaluator = await site.start('evaluator', [
      `--control-plane-address=127.0.0.1:${controlPlane.grpcPort}`,
      `--control-plane-tls-ca-file=${site.caFile}`,
      `--control-plane-tls-cert-file=${certFile}`,
      `--control-plane-tls-key-file=${keyFile}`,
    ]);
    await Promise.all([site.ready(controlPlane), site.ready(evaluator)]);
    places = {
      FLAGSTREAM_SERVER: `localhost:${controlPlane.grpcPort}`,
      FLAGSTREAM_EVALUATOR: `localhost:${evaluator.grpcPort}`,
    };
    env = {
      ...places,
      FLAGSTREAM_CA_FILE: site.caFile,
      FLAGSTREAM_CERT_FILE: certFile,
      FLAGSTREAM_KEY_FILE: keyFile,
    };
  });

  afterAll(async () => {
    await Promise.all([controlPlane.process.kill(), evaluator.process.kill()]);
  });

  test.each([
    ['flag create secured --enable'],
    ['blame secured -c {"targetingKey":"u"}'],
    ['log status'],
    ['export'],
    ['health'],
    ['eval secured --min-rev 1 -c {"targetingKey":"u"}'],
    ['doctor --server localhost:CP --evaluator localhost:EV'],
  ])('%s', async (command) => {
    const words = command
      .replace('CP', String(controlPlane.grpcPort))
      .replace('EV', String(evaluator.grpcPort))
      .split(' ');
    const { code, stderr } = await runFlagstream(words, { env });
    expect({ code, stderr }).toMatchObject({ code: 0 });
  });

  test('watch changes', async () => {
    const watching = startFlagstream(['watch', 'changes'], { env });
    await watching.waitForLine('watching changes of default');
    await watching.kill();
  });

  test('is given by flags as well', async () => {
    const flags = [
      `--ca-file=${env['FLAGSTREAM_CA_FILE']}`,
      `--cert-file=${env['FLAGSTREAM_CERT_FILE']}`,
      `--key-file=${env['FLAGSTREAM_KEY_FILE']}`,
    ];
    expect((await runFlagstream(['flag', 'list', ...flags], { env: places })).code).toBe(0);
  });

  test('is refused by who does not trust the server, and to who shows nothing', async () => {
    const attempts = [['--tls'], [`--ca-file=${site.caFile}`]];
    for (const attempt of attempts) {
      const words = ['flag', 'list', '--timeout', '5', ...attempt];
      expect([attempt, (await runFlagstream(words, { env: places })).code]).toEqual([
        attempt,
        EXIT_UNAVAILABLE,
      ]);
    }
  });

  test('names the file that is of no use', async () => {
    const noPem = path.join(site.folder, 'no.pem');
    writeFileSync(noPem, 'hello');
    const given = (word: string) => runFlagstream(['flag', 'list', word], { env });
    const missing = await given('--ca-file=/nowhere/ca.pem');
    expect([missing.code, missing.stderr]).toEqual([EXIT_USAGE, expect.stringContaining('/nowhere/ca.pem')]);
    const unfit = await given(`--key-file=${noPem}`);
    expect([unfit.code, unfit.stderr]).toEqual([EXIT_USAGE, expect.stringContaining(noPem)]);
    rmSync(noPem);
  });
});
