// A program that tells a private value in every way in which a test is told something; each says by its name which.

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import process from 'node:process';
import {
  AdminServiceClient,
  AdminServiceService,
  ListProjectsRequest,
} from '@flagstream/protocol/gen/flagstream/v1/admin';
import { credentials, Server, ServerCredentials, status } from '@grpc/grpc-js';
import './recorded-process.ts';
import { callUnary } from './grpc-call.ts';
import { privateValue } from './private-value.ts';
import { TestProcess } from './process.ts';
import { nameTestFile } from './recording.ts';
import { unreadLogger } from './unread-logger.ts';

nameTestFile('the fixture');

const says = (what: string): string => JSON.stringify(privateValue(what));
const script = `console.log(${says('stdout')}); console.error(${says('stderr')})`;
for (const name of ['serve', 'eval'])
  await new TestProcess(name, process.execPath, ['-e', script, '--', name]).exited;

unreadLogger.child({ part: 'x' }).info({ email: privateValue('log') }, 'said');

const grpc = new Server();
const refuse = (_call: unknown, answer: (error: object) => void): void =>
  answer({ code: status.NOT_FOUND, details: `no ${privateValue('refusal')}` });
grpc.addService(AdminServiceService, { listProjects: refuse } as never);
const port = await new Promise<number>((resolve, reject) =>
  grpc.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
    error === null ? resolve(bound) : reject(error),
  ),
);
const client = new AdminServiceClient(`127.0.0.1:${port}`, credentials.createInsecure());
const refused = callUnary(client, client.listProjects, ListProjectsRequest.fromPartial({}));
await refused.then(
  () => Promise.reject(new Error('the call was to be refused')),
  () => undefined,
);
client.close();
grpc.forceShutdown();

const http = createServer((_request, response) => response.end(`x{y=${says('page')}} 1\n`));
await once(http.listen(0, '127.0.0.1'), 'listening');
await (await fetch(`http://127.0.0.1:${(http.address() as AddressInfo).port}/metrics`)).text();
http.closeAllConnections();
http.close();
