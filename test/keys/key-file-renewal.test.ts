// An evaluator's key for the control plane, replaced in the file that it was given as: calls take the new one, and
// revoking the old one does not end its following.

import { writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { AdminServiceService, RevokeKeyRequest } from '@flagstream/protocol/gen/flagstream/v1/admin';
import { KeyKind, Role } from '@flagstream/protocol/gen/flagstream/v1/model';
import { expect, test } from 'vitest';
import { startFlagstream } from '../support/flagstream.ts';
import { freePort } from '../support/free-port.ts';
import { scrape } from '../support/scrape.ts';
import { tempDir } from '../support/temp-dir.ts';
import { until } from '../support/until.ts';
import { type AnyMethod, bearer, KeyedSite } from './keyed-site.ts';

const LOADED_MACHINE_MS = 60_000;

test('an evaluator goes on with the key that its file holds now', async () => {
  const site = await KeyedSite.start();
  const node = { kind: KeyKind.ADMIN, roles: [{ role: Role.NODE }] };
  const [old, fresh] = [await site.createKey('', node), await site.createKey('', node)];
  const keyFile = path.join(tempDir('key-file'), 'key');
  writeFileSync(keyFile, `${old.token}\n`);
  const [grpcPort, managementPort] = [await freePort(), await freePort()];
  const evaluator = startFlagstream([
    'serve',
    '--role=evaluator',
    `--grpc-port=${grpcPort}`,
    `--management-port=${managementPort}`,
    `--control-plane-address=127.0.0.1:${site.controlPlane.grpcPort}`,
    `--control-plane-key-file=${keyFile}`,
  ]);
  await evaluator.waitForReady(managementPort);
  const atHead = (): Promise<unknown> =>
    until(
      async () =>
        (await scrape(managementPort, 'flagstream_applied_revision')) === site.controlPlane.head().revision,
      { what: 'the evaluator at the head', timeoutMs: LOADED_MACHINE_MS },
    );
  await atHead();

  // Half of a key is none: it goes on with the old one.
  writeFileSync(keyFile, fresh.token.slice(0, 40));
  process.kill(evaluator.pid!, 'SIGHUP');
  const { json } = await evaluator.waitForLine('does not fit');
  expect(json).toMatchObject({ level: 'error', connection: 'control_plane' });
  expect(String(json?.['detail'])).toContain('controlPlane.key');
  expect(evaluator.text('stdout')).not.toContain(fresh.token.slice(0, 40));

  writeFileSync(keyFile, `${fresh.token}\n`);
  process.kill(evaluator.pid!, 'SIGHUP');
  await evaluator.waitForLine('shows what its files hold now');
  await site.call(
    site.controlPlane.grpcPort,
    AdminServiceService.revokeKey as unknown as AnyMethod,
    bearer(site.owner),
    RevokeKeyRequest.fromPartial({ name: old.name, comment: 'replaced' }),
  );
  // The revocation itself is a revision: it arrives over a stream that the new key opened.
  await atHead();
  await site.createKey('', node);
  await atHead();
  const reloads = 'flagstream_tls_connection_reloads_total{connection="control_plane"}';
  expect(await scrape(managementPort, reloads)).toBe(1);
});
