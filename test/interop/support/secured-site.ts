// A control plane and two evaluators that ask for keys, one of them for certificates as well, for foreign clients.

import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { AdminServiceClient, CreateKeyRequest } from '@flagstream/protocol/gen/flagstream/v1/admin';
import { KeyKind, Role } from '@flagstream/protocol/gen/flagstream/v1/model';
import { type TlsNode, TlsSite } from '../../keys/tls-nodes.ts';
import { callKnown } from '../../support/grpc-call.ts';
import { hold } from '../../support/resources.ts';
import { tempDir } from '../../support/temp-dir.ts';

const ENVIRONMENT = 'projects/default/environments/development';
/** One of the flags of the demo. */
export const FLAG_KEY = 'new-checkout';

export interface SecuredSite {
  /** PEM files: of the authority, and of somebody whom it knows. */
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
  /** host:port of evaluators with the demo's flags. */
  readonly tls: string;
  readonly mutualTls: string;
  /** Tokens of development. */
  readonly serverKey: string;
  readonly clientKey: string;
}

export async function startSecuredSite(): Promise<SecuredSite> {
  const site = new TlsSite();
  const data = tempDir('secured');
  const { certFile, keyFile } = site.authority.issueFiles(site.folder, 'somebody');
  const controlPlane = await site.start('control-plane', [
    `--data=${data}`,
    '--seed=demo',
    '--require-keys=true',
  ]);
  await site.ready(controlPlane);
  const owner = readFileSync(path.join(data, 'owner-key'), 'utf8').trim();
  const admin = new AdminServiceClient(`localhost:${controlPlane.grpcPort}`, site.channel());
  hold({ what: 'the owner', release: () => admin.close(), releaseNow: () => admin.close() });
  const createKey = async (parent: string, key: object): Promise<string> => {
    const request = CreateKeyRequest.fromPartial({ parent, key, comment: 'interop' });
    const answer = await callKnown(admin, admin.createKey, request, { authorization: `Bearer ${owner}` });
    return answer.token;
  };
  const serverKey = await createKey(ENVIRONMENT, { kind: KeyKind.SERVER });
  const clientKey = await createKey(ENVIRONMENT, { kind: KeyKind.CLIENT });
  const nodeKeyFile = path.join(site.folder, 'node-key');
  const nodeKey = await createKey('', { kind: KeyKind.ADMIN, roles: [{ role: Role.NODE }] });
  writeFileSync(nodeKeyFile, nodeKey, { mode: 0o600 });
  const follows = [
    '--require-keys=true',
    `--control-plane-address=localhost:${controlPlane.grpcPort}`,
    `--control-plane-key-file=${nodeKeyFile}`,
    `--control-plane-tls-ca-file=${site.caFile}`,
    `--control-plane-tls-cert-file=${certFile}`,
    `--control-plane-tls-key-file=${keyFile}`,
  ];
  const tls = await site.start('evaluator', follows, { asksForCertificates: false });
  await site.ready(tls);
  const mutualTls = await site.start('evaluator', follows);
  await site.ready(mutualTls);
  const address = ({ grpcPort }: TlsNode): string => `localhost:${grpcPort}`;
  return {
    caFile: site.caFile,
    certFile,
    keyFile,
    tls: address(tls),
    mutualTls: address(mutualTls),
    serverKey,
    clientKey,
  };
}
