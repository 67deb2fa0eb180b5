// Every method of every service against every kind of key. The table is made by calling, and compared with the one in
// SECURITY.md: a new method has no row there until somebody has decided who may call it.

import { randomBytes } from 'node:crypto';
import { formatToken, newKeyId, newSecret } from '@flagstream/protocol';
import { ServiceService as FlagdV1 } from '@flagstream/protocol/gen/flagd/evaluation/v1/evaluation';
import { ServiceService as FlagdV2 } from '@flagstream/protocol/gen/flagd/evaluation/v2/evaluation';
import { FlagSyncServiceService } from '@flagstream/protocol/gen/flagd/sync/v1/sync';
import { AdminServiceService } from '@flagstream/protocol/gen/flagstream/v1/admin';
import { EvaluationServiceService } from '@flagstream/protocol/gen/flagstream/v1/evaluation';
import { FleetServiceService } from '@flagstream/protocol/gen/flagstream/v1/fleet';
import { HistoryServiceService } from '@flagstream/protocol/gen/flagstream/v1/history';
import { LogServiceService } from '@flagstream/protocol/gen/flagstream/v1/log';
import { MaintenanceServiceService } from '@flagstream/protocol/gen/flagstream/v1/maintenance';
import { KeyKind, Role } from '@flagstream/protocol/gen/flagstream/v1/model';
import { StreamServiceService } from '@flagstream/protocol/gen/flagstream/v1/stream';
import { type HealthListResponse, HealthService } from '@flagstream/protocol/gen/grpc/health/v1/health';
import { ServerReflectionService } from '@flagstream/protocol/gen/grpc/reflection/v1/reflection';
import { ServerReflectionService as ServerReflectionV1Alpha } from '@flagstream/protocol/gen/grpc/reflection/v1alpha/reflection';
import { ServiceService as FlagdSchema } from '@flagstream/protocol/gen/schema/v1/schema';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readTracked } from '../repository/tracked-files.ts';
import { type AnyMethod, bearer, type Headers, KeyedSite, verdict } from './keyed-site.ts';

const DEVELOPMENT = 'projects/default/environments/development';
const AT = { project: 'default', environment: 'development' };

const SHARED = [HealthService, ServerReflectionService, ServerReflectionV1Alpha];
const SERVED: Readonly<Record<'control plane' | 'evaluator' | 'flagd.sync', readonly object[]>> = {
  'control plane': [
    AdminServiceService,
    HistoryServiceService,
    LogServiceService,
    FleetServiceService,
    MaintenanceServiceService,
    ...SHARED,
  ],
  evaluator: [EvaluationServiceService, StreamServiceService, FlagdV1, FlagdV2, FlagdSchema, ...SHARED],
  'flagd.sync': [FlagSyncServiceService, ...SHARED],
};

/** In the order of the table's columns. */
const HOLDERS = ['none', 'client', 'server', 'viewer', 'editor', 'owner', 'node'] as const;
type Holder = (typeof HOLDERS)[number];

let site: KeyedSite;
const keys = new Map<Holder, Headers>([['none', {}]]);
const bad = new Map<string, Headers>();

beforeAll(async () => {
  site = await KeyedSite.start();
  const make = async (parent: string, key: object): Promise<Headers> =>
    bearer((await site.createKey(parent, key)).token);
  const role = (given: Role, place: object = {}): object => ({
    kind: KeyKind.ADMIN,
    roles: [{ role: given, ...place }],
  });
  keys.set('client', await make(DEVELOPMENT, { kind: KeyKind.CLIENT }));
  keys.set('server', await make(DEVELOPMENT, { kind: KeyKind.SERVER }));
  keys.set('viewer', await make('', role(Role.VIEWER, AT)));
  keys.set('editor', await make('', role(Role.EDITOR, AT)));
  keys.set('owner', bearer(site.owner));
  keys.set('node', await make('', role(Role.NODE)));

  const server = await site.createKey(DEVELOPMENT, { kind: KeyKind.SERVER });
  const [prefix, environment, keyId] = server.token.split('_') as [string, string, string];
  const forged = { kind: KeyKind.SERVER, environment, keyId, secret: newSecret(randomBytes(32)) };
  const stranger = { ...forged, keyId: newKeyId(randomBytes(12)) };
  bad.set('malformed', bearer(server.token.slice(0, -1)));
  bad.set('another prefix', bearer(server.token.replace(prefix, 'fsa')));
  bad.set('wrong secret', bearer(formatToken(forged)));
  bad.set('foreign', bearer(formatToken(stranger)));
  const revoked = await site.createKey(DEVELOPMENT, { kind: KeyKind.SERVER });
  const request = { name: revoked.name, opId: '', actor: '', comment: '', validateOnly: false };
  await site.call(
    site.controlPlane.grpcPort,
    AdminServiceService.revokeKey as unknown as AnyMethod,
    bearer(site.owner),
    request,
  );
  bad.set('revoked', bearer(revoked.token));
  const soon = BigInt(Math.floor(Date.now() / 1_000) + 2);
  const expiring = await site.createKey(DEVELOPMENT, {
    kind: KeyKind.SERVER,
    expireTime: { seconds: soon, nanos: 0 },
  });
  while (Date.now() < Number(soon) * 1_000) await new Promise((resolve) => setTimeout(resolve, 20));
  bad.set('expired', bearer(expiring.token));
  await site.followed();
});

const methods = Object.entries(SERVED).flatMap(([role, services]) =>
  services.flatMap((service) =>
    Object.values(service as Record<string, AnyMethod>).map((method) => ({ role, method, rpc: method.path })),
  ),
);
function portOf(role: string): number {
  if (role === 'flagd.sync') return site.evaluator.syncPort;
  return role === 'evaluator' ? site.evaluator.grpcPort : site.controlPlane.grpcPort;
}

/** As the process itself says: the table must not forget a service. */
async function servedBy(role: string): Promise<string[]> {
  const answer = await site.call(portOf(role), HealthService.list as unknown as AnyMethod, {});
  return Object.keys((answer as HealthListResponse).statuses).filter((name) => name.includes('.'));
}

describe('every method', () => {
  test.each(Object.keys(SERVED))('of the %s has a row', async (role) => {
    const inTable = methods.filter((method) => method.role === role).map(({ rpc }) => rpc.split('/')[1]);
    const reflection = (name: string | undefined): boolean => name?.startsWith('grpc.reflection.') !== true;
    expect((await servedBy(role)).sort()).toEqual([...new Set(inTable)].filter(reflection).sort());
  });

  test.each(methods)('$role $rpc refuses whoever shows a key that is no good', async ({ role, method }) => {
    for (const [what, headers] of bad)
      expect([what, await verdict(site.call(portOf(role), method, headers))]).toEqual([
        what,
        'UNAUTHENTICATED',
      ]);
  });

  test('is open to whom SECURITY.md says, and to nobody else', async () => {
    const rows: string[] = [];
    for (const { role, method, rpc } of methods) {
      const cells: string[] = [];
      for (const holder of HOLDERS) {
        const answer = await verdict(site.call(portOf(role), method, keys.get(holder)!));
        cells.push(answer === 'yes' ? 'yes' : '');
        // Without a key one is asked for a key; with one, told that it is not enough.
        if (answer !== 'yes')
          expect(answer).toBe(holder === 'none' ? 'UNAUTHENTICATED' : 'PERMISSION_DENIED');
      }
      rows.push(`| ${role} | \`${rpc}\` | ${cells.join(' | ')} |`);
    }
    const documented = readTracked('SECURITY.md')
      .split('\n')
      .filter((line) => /^\| (control plane|evaluator|flagd\.sync) \| `\//.test(line));
    expect(rows.map((row) => row.replace(/ +/g, ' '))).toEqual(
      documented.map((row) => row.replace(/ +/g, ' ')),
    );
  });
});

afterAll(() => {
  // No token may stand in any log line of the whole run.
  const tokens = [...keys.values(), ...bad.values()].flatMap(({ authorization }) =>
    authorization === undefined ? [] : [authorization.slice('Bearer '.length)],
  );
  const secrets = tokens.map((token) => token.split('_').at(-2)!);
  for (const secret of secrets) expect(site.logs.filter((line) => line.includes(secret))).toEqual([]);
});
