// A small installation through its whole life at log level debug, with TLS and keys, and everything that goes wrong
// on the way: no log line, no page of the management port and no error text holds a token, a secret, a hash of one,
// a private key, or a value of an evaluation context.

import { createHash, randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import path from 'node:path';
import { createClient } from '@flagstream/client';
import { parseToken } from '@flagstream/protocol';
import {
  AdminServiceClient,
  type AdminServiceService,
  CreateKeyRequest,
  DiffRevisionsRequest,
  GetFlagRequest,
  GetKeyRequest,
  ListChangesRequest,
  ListKeysRequest,
  ListProjectsRequest,
  RevokeKeyRequest,
  RotateKeyRequest,
} from '@flagstream/protocol/gen/flagstream/v1/admin';
import {
  EvaluateBatchRequest,
  EvaluateRequest,
  EvaluationServiceClient,
  ExplainRequest,
} from '@flagstream/protocol/gen/flagstream/v1/evaluation';
import { EvaluateAtRequest, HistoryServiceClient } from '@flagstream/protocol/gen/flagstream/v1/history';
import { KeyKind, Role } from '@flagstream/protocol/gen/flagstream/v1/model';
import type { ServiceError } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { runFlagstream } from '../support/flagstream.ts';
import { callUnary } from '../support/grpc-call.ts';
import { privateValue } from '../support/private-value.ts';
import { hold } from '../support/resources.ts';
import { tempDir } from '../support/temp-dir.ts';
import { until } from '../support/until.ts';
import { bearer, type MadeKey } from './keyed-site.ts';
import { type TlsNode, TlsSite } from './tls-nodes.ts';

const DEVELOPMENT = 'projects/default/environments/development';
const KEYED = ['--require-keys', '--log-level=debug'];

/** What was told to anybody, and what must not stand in it. */
class Search {
  readonly told: string[] = [];
  /** By what it is. */
  readonly #secrets = new Map<string, string>();

  keepFrom(what: string, secret: string): void {
    this.#secrets.set(secret, what);
  }

  /** The token, its secret, and each way to write the hash that is stored of it. */
  keepToken(what: string, token: string): void {
    this.keepFrom(`token of ${what}`, token);
    const parsed = parseToken(token);
    if (parsed === undefined) return;
    this.keepFrom(`secret of ${what}`, parsed.secret);
    const hash = createHash('sha256').update(parsed.secret).digest();
    for (const form of ['hex', 'base64', 'base64url', 'latin1'] as const)
      this.keepFrom(`hash of ${what} in ${form}`, hash.toString(form));
  }

  keepPem(what: string, pem: string): void {
    for (const line of pem.split('\n'))
      if (line.length > 20 && !line.startsWith('-')) this.keepFrom(what, line);
  }

  found(text: string = this.told.join('\n')): string[] {
    return [...this.#secrets].filter(([secret]) => text.includes(secret)).map(([, what]) => what);
  }

  /** An error as its caller gets it, with all that it carries. */
  async refused(attempt: Promise<unknown>): Promise<string> {
    try {
      await attempt;
    } catch (thrown) {
      const { message, details, metadata } = thrown as ServiceError;
      const carried = Object.values(metadata?.toJSON() ?? {}).flat();
      const text = [message, details, ...carried.map((value) => value.toString('latin1' as never))].join(
        '\n',
      );
      this.told.push(text);
      return details ?? message;
    }
    throw new Error('was to be refused, and was answered');
  }
}

test('nothing secret is ever logged, measured or told', async () => {
  const search = new Search();
  const site = new TlsSite();
  const data = tempDir('secrets-data');
  const controlPlane = await site.start('control-plane', [`--data=${data}`, '--seed=demo', ...KEYED]);
  await site.ready(controlPlane);
  const owner = readFileSync(path.join(data, 'owner-key'), 'utf8').trim();
  search.keepToken('the owner', owner);

  const channel = site.channel();
  const admin = new AdminServiceClient(`127.0.0.1:${controlPlane.grpcPort}`, channel);
  const history = new HistoryServiceClient(`127.0.0.1:${controlPlane.grpcPort}`, channel);
  const createKey = async (what: string, parent: string, key: object): Promise<MadeKey> => {
    const request = CreateKeyRequest.fromPartial({ parent, key, comment: what });
    const made = await callUnary(admin, admin.createKey, request, bearer(owner));
    search.keepToken(what, made.token);
    return { name: made.key!.name, token: made.token };
  };
  const node = await createKey('the node', '', { kind: KeyKind.ADMIN, roles: [{ role: Role.NODE }] });
  const server = await createKey('a server', DEVELOPMENT, { kind: KeyKind.SERVER });
  const client = await createKey('a client', DEVELOPMENT, { kind: KeyKind.CLIENT });
  const viewer = await createKey('a viewer', '', { kind: KeyKind.ADMIN, roles: [{ role: Role.VIEWER }] });

  const nodeFiles = site.authority.issueFiles(site.folder, 'evaluator-to-control-plane');
  const nodeKeyFile = path.join(site.folder, 'node-key');
  writeFileSync(nodeKeyFile, node.token, { mode: 0o600 });
  const evaluator = await site.start('evaluator', [
    `--control-plane-address=127.0.0.1:${controlPlane.grpcPort}`,
    `--control-plane-tls-ca-file=${site.caFile}`,
    `--control-plane-tls-cert-file=${nodeFiles.certFile}`,
    `--control-plane-tls-key-file=${nodeFiles.keyFile}`,
    `--control-plane-key-file=${nodeKeyFile}`,
    ...KEYED,
  ]);
  await site.ready(evaluator);
  for (const { keyFile } of [controlPlane.files, evaluator.files, nodeFiles])
    search.keepPem(`a private key in ${path.basename(keyFile)}`, readFileSync(keyFile, 'utf8'));

  // Calls with values that are nobody's business, answered and refused.
  const secretly = (what: string): string => {
    const value = privateValue(`${what.replace(' ', '-')}-${randomUUID()}`);
    search.keepFrom(`context value of ${what}`, value);
    return value;
  };
  const context = {
    targetingKey: secretly('targeting key'),
    email: secretly('email'),
    deep: { deeper: [secretly('list')] },
  };
  const evaluation = new EvaluationServiceClient(`127.0.0.1:${evaluator.grpcPort}`, channel);
  for (const each of [admin, history, evaluation])
    hold({ what: 'a client', release: () => each.close(), releaseNow: () => undefined });
  const evaluate = (token: string, fields: object): Promise<unknown> =>
    callUnary(
      evaluation,
      evaluation.evaluate,
      EvaluateRequest.fromPartial({ context, ...fields }),
      bearer(token),
    );
  for (const { token } of [server, client, viewer]) await evaluate(token, { flagKey: 'new-checkout' });
  await search.refused(evaluate(server.token, { flagKey: 'no-such-flag' }));
  await search.refused(evaluate(server.token, { flagKey: 'new-checkout', expectedKind: 4 }));
  await search.refused(
    evaluate(server.token, {
      flagKey: 'new-checkout',
      context: { ...context, big: [[[[[[[[[[[[context]]]]]]]]]]]] },
    }),
  );
  await search.refused(
    evaluate(server.token, { flagKey: 'new-checkout', minRevision: { epoch: 9, revision: 9n } }),
  );
  await search.refused(evaluate(node.token, { flagKey: 'new-checkout' }));
  const batch = EvaluateBatchRequest.fromPartial({ contexts: [context, { email: context.email }] });
  search.told.push(
    JSON.stringify(
      (await callUnary(evaluation, evaluation.evaluateBatch, batch, bearer(client.token))).epoch,
    ),
  );
  const explain = ExplainRequest.fromPartial({ flagKey: 'new-checkout', context });
  await callUnary(evaluation, evaluation.explain, explain, bearer(server.token));
  await search.refused(callUnary(evaluation, evaluation.explain, explain, bearer(client.token)));
  const past = EvaluateAtRequest.fromPartial({ parent: DEVELOPMENT, flagKey: 'never-there', context });
  await search.refused(callUnary(history, history.evaluateAt, past, bearer(viewer.token)));
  await search.refused(callUnary(history, history.evaluateAt, past, bearer(server.token)));

  // The SDK, which holds a token and a context.
  const sdk = createClient({
    target: `127.0.0.1:${evaluator.grpcPort}`,
    apiKey: server.token,
    tls: {
      rootCertificates: Buffer.from(site.authority.cert),
      clientCertificate: Buffer.from(site.own.cert),
      clientKey: Buffer.from(site.own.key),
    },
    logger: {
      debug: (...said: unknown[]) => void search.told.push(JSON.stringify(said)),
      info: (...said: unknown[]) => void search.told.push(JSON.stringify(said)),
      warn: (...said: unknown[]) => void search.told.push(JSON.stringify(said)),
      error: (...said: unknown[]) => void search.told.push(JSON.stringify(said)),
    },
  } as never);
  hold({ what: 'SDK', release: () => sdk.close(), releaseNow: () => undefined });
  const lost: unknown[] = [];
  for (const event of ['error', 'reconnecting', 'stale'] as const)
    sdk.on(event, (said: unknown) => {
      lost.push(said);
      search.told.push(said instanceof Error ? `${said.stack}` : JSON.stringify(said, bigintsAsText));
    });
  await sdk.waitForReady();
  sdk.booleanValue('new-checkout', false, context as never);

  // Keys that are no good, in every way.
  const good = server.token;
  const bad = [
    `${good}x`,
    good.slice(0, -1),
    good.replace('fss_', 'fsa_'),
    `fss_development_${'z'.repeat(60)}`,
    'Basic',
  ];
  for (const token of bad) {
    search.keepFrom('a wrong token', token.slice(-30));
    await search.refused(evaluate(token, { flagKey: 'new-checkout' }));
    await search.refused(
      callUnary(admin, admin.listProjects, ListProjectsRequest.fromPartial({}), bearer(token)),
    );
  }
  const rotate = RotateKeyRequest.fromPartial({ name: client.name, overlapSeconds: 60 });
  search.keepToken(
    'a rotated client',
    (await callUnary(admin, admin.rotateKey, rotate, bearer(owner))).token,
  );
  const again = RotateKeyRequest.fromPartial({ name: client.name, overlapSeconds: 60 });
  await search.refused(callUnary(admin, admin.rotateKey, again, bearer(owner)));
  await search.refused(
    callUnary(admin, admin.createKey, CreateKeyRequest.fromPartial({ parent: DEVELOPMENT }), bearer(owner)),
  );
  await search.refused(
    callUnary(admin, admin.getFlag, GetFlagRequest.fromPartial({ name: 'x' }), bearer(viewer.token)),
  );
  const read = (method: keyof typeof AdminServiceService, request: object): Promise<unknown> =>
    callUnary(admin, admin[method] as never, request, bearer(owner));
  for (const [method, request] of [
    ['getKey', GetKeyRequest.fromPartial({ name: server.name })],
    ['listKeys', ListKeysRequest.fromPartial({ showRevoked: true })],
    ['listChanges', ListChangesRequest.fromPartial({ includeContent: true, pageSize: 100 })],
    ['diffRevisions', DiffRevisionsRequest.fromPartial({ fromRevision: 1n })],
  ] as const)
    search.told.push(JSON.stringify(await read(method, request), bigintsAsText));

  // Strangers to the authority, plaintext and noise on every port.
  await shakeWrongly(site, [controlPlane, evaluator]);
  const revoke = RevokeKeyRequest.fromPartial({ name: server.name, comment: 'leaked' });
  await callUnary(admin, admin.revokeKey, revoke, bearer(owner));
  await until(() => lost.length > 0, { what: 'the end of the SDK’s stream' });
  await search.refused(evaluate(server.token, { flagKey: 'new-checkout' }));

  // The command line tells what it refuses, too.
  const person = site.authority.issueFiles(site.folder, 'person');
  const command = await runFlagstream(
    [
      'key',
      'list',
      `--server=127.0.0.1:${controlPlane.grpcPort}`,
      `--ca-file=${site.caFile}`,
      `--cert-file=${person.certFile}`,
      `--key-file=${person.keyFile}`,
    ],
    { env: { FLAGSTREAM_API_KEY: server.token } },
  );
  expect(command.code).not.toBe(0);
  search.keepPem('the private key of a person', readFileSync(person.keyFile, 'utf8'));
  search.told.push(command.stdout, command.stderr);

  for (const running of [controlPlane, evaluator])
    for (const page of ['/metrics', '/readyz', '/livez', '/nothing'])
      search.told.push((await site.ask(running, page)).text);
  for (const { process: running } of [evaluator, controlPlane]) {
    await running.stop();
    expect(running.lines.length).toBeGreaterThan(3);
    search.told.push(...running.lines.map(({ text }) => text));
  }
  expect(search.told.some((text) => text.includes('UNAUTHENTICATED') || text.includes('malformed'))).toBe(
    true,
  );
  expect(search.found()).toEqual([]);
});

const bigintsAsText = (_name: string, value: unknown): unknown =>
  typeof value === 'bigint' ? String(value) : value;

/** Connections that fail before a call: in plaintext, with noise, and with the certificate of a stranger. */
async function shakeWrongly(site: TlsSite, nodes: readonly TlsNode[]): Promise<void> {
  const stranger = new TlsSite();
  for (const { grpcPort, managementPort } of nodes)
    for (const port of [grpcPort, managementPort]) {
      await new Promise<void>((resolve) => {
        const socket = connect(port, '127.0.0.1', () =>
          socket.write('GET /metrics HTTP/1.1\r\nAuthorization: x\r\n\r\n'),
        );
        socket.on('error', () => undefined);
        socket.on('close', () => resolve());
        socket.resume();
      });
    }
  for (const { grpcPort } of nodes) {
    const wrong = new AdminServiceClient(`127.0.0.1:${grpcPort}`, stranger.channel());
    await expect(callUnary(wrong, wrong.listProjects, ListProjectsRequest.fromPartial({}))).rejects.toThrow();
    wrong.close();
  }
  expect(site.folder).not.toBe(stranger.folder);
}
