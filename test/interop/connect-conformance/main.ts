// The server that the Connect protocol's own conformance runner starts: reads on stdin what it is to speak, tells on
// stdout where it listens, and serves the runner's service through a host of ours until it is ended.

import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import {
  createFileRegistry,
  type DescMessage,
  fromBinary,
  fromJson,
  type JsonObject,
  toBinary,
  toJson,
} from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import {
  createLogger,
  GrpcHost,
  HealthState,
  Lifecycle,
  loopbackPrincipal,
  Metrics,
  openTls,
} from '@flagstream/runtime';
import { conformanceService } from './conformance-service.ts';

/** The runner's protos, as `make interop` builds them from its module. */
const DESCRIPTORS = process.argv[2]!;
/** For certificates. */
const FOLDER = process.argv[3]!;
const PACKAGE = 'connectrpc.conformance.v1';

const descriptors = readFileSync(DESCRIPTORS);
const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, descriptors));

function message(name: string): DescMessage {
  const found = registry.getMessage(`${PACKAGE}.${name}`);
  if (found === undefined) throw new Error(`the runner has no message ${name}`);
  return found;
}

interface Wanted {
  readonly useTls?: boolean;
  readonly messageReceiveLimit?: number;
  readonly serverCreds?: { readonly cert: string; readonly key: string };
  readonly clientTlsCert?: string;
}

async function readRequest(): Promise<Wanted> {
  let bytes = Buffer.alloc(0);
  for await (const chunk of process.stdin) {
    bytes = Buffer.concat([bytes, chunk as Buffer]);
    if (bytes.length >= 4 && bytes.length >= 4 + bytes.readUInt32BE(0)) break;
  }
  const desc = message('ServerCompatRequest');
  return toJson(desc, fromBinary(desc, bytes.subarray(4, 4 + bytes.readUInt32BE(0)))) as Wanted;
}

function writeResponse(response: JsonObject): void {
  const desc = message('ServerCompatResponse');
  const bytes = toBinary(desc, fromJson(desc, response));
  const head = Buffer.alloc(4);
  head.writeUInt32BE(bytes.length);
  process.stdout.write(Buffer.concat([head, bytes]));
}

function fileOf(name: string, base64: string): string {
  const file = path.join(FOLDER, `${process.pid}-${name}`);
  writeFileSync(file, Buffer.from(base64, 'base64'), { mode: 0o600 });
  return file;
}

const wanted = await readRequest();
const logger = createLogger({
  level: 'error',
  service: 'conformance',
  version: '0',
  nodeId: 'conformance',
  destination: { write: (line) => process.stderr.write(line) },
});
const metrics = new Metrics();
const lifecycle = new Lifecycle({ logger, stopTimeoutMs: 5_000 });
const { serverCreds, clientTlsCert } = wanted;
const tls =
  wanted.useTls === true && serverCreds !== undefined
    ? await openTls(
        {
          settings: {
            certFile: fileOf('cert.pem', serverCreds.cert),
            keyFile: fileOf('key.pem', serverCreds.key),
            ...(clientTlsCert === undefined ? {} : { clientCaFile: fileOf('ca.pem', clientTlsCert) }),
          },
          logger,
          metrics,
          reloadsOnHangup: false,
        },
        lifecycle,
      )
    : undefined;
const host = new GrpcHost({
  name: 'conformance',
  logger,
  metrics,
  authenticate: loopbackPrincipal({ project: 'default', environment: 'development' }),
  services: [conformanceService(registry)],
  health: new HealthState(),
  reflection: false,
  descriptorSet: () => descriptors,
  ...(wanted.messageReceiveLimit === undefined ? {} : { maxRequestBytes: wanted.messageReceiveLimit }),
  tls,
});
const { port } = await host.listen({ host: '127.0.0.1', port: 0 });
writeResponse({
  host: '127.0.0.1',
  port,
  ...(tls === undefined ? {} : { pemCert: serverCreds!.cert }),
});
process.once('SIGTERM', () => {
  void host.drain(1_000).then(() => process.exit(0));
});
// A runner that was killed ends nobody.
const runner = process.ppid;
setInterval(() => {
  if (process.ppid !== runner) process.exit(1);
}, 1_000).unref();
