// Requests that are short and would be heavy: many small messages, and what somebody without a key may send.

import { connect } from 'node:http2';
import { gzipSync } from 'node:zlib';
import { LIMITS } from '@flagstream/protocol';
import { ApplyChangeSetRequest } from '@flagstream/protocol/gen/flagstream/v1/admin';
import { EvaluateBatchRequest } from '@flagstream/protocol/gen/flagstream/v1/evaluation';
import { HealthService } from '@flagstream/protocol/gen/grpc/health/v1/health';
import { Client, credentials, type ServiceError, status } from '@grpc/grpc-js';
import { beforeAll, describe, expect, test } from 'vitest';
import { KeyedSite } from '../keys/keyed-site.ts';
import { startDev } from '../support/dev-instance.ts';
import { hold } from '../support/resources.ts';
import { until } from '../support/until.ts';

function clientTo(port: number): Client {
  // Each over a connection of its own.
  const options = { 'grpc.use_local_subchannel_pool': 1 };
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), options);
  hold({ what: 'a client', release: () => client.close(), releaseNow: () => undefined });
  return client;
}

/** The error that a call with these bytes fails with. */
function refusal(port: number, path: string, bytes: Buffer): Promise<ServiceError> {
  const same = (value: Buffer): Buffer => value;
  return new Promise((resolve, reject) => {
    clientTo(port).makeUnaryRequest(path, same, same, bytes, (error) =>
      error === null ? reject(new Error('was taken')) : resolve(error),
    );
  });
}

/** A field of this number that holds a message, so often: two bytes each when the message is empty. */
function repeated(fieldNumber: number, message: Buffer, times: number): Buffer {
  const field = Buffer.concat([Buffer.of((fieldNumber << 3) | 2, message.length), message]);
  return Buffer.alloc(field.length * times, field);
}

describe('a request of many small messages', () => {
  let dev: Awaited<ReturnType<typeof startDev>>;
  beforeAll(async () => {
    dev = await startDev({ seed: 'demo' });
  });

  test.each([
    ['ApplyChangeSet', 'AdminService', 'adminRequestMessagesMax', () => dev.adminPort],
    ['EvaluateBatch', 'EvaluationService', 'evaluationRequestMessagesMax', () => dev.evaluatorPort],
  ] as const)('of %s is refused before it is decoded', async (method, service, limit, port) => {
    const field = method === 'ApplyChangeSet' ? 1 : 2;
    const path = `/flagstream.v1.${service}/${method}`;
    const flat = repeated(field, Buffer.alloc(0), LIMITS[limit] + 1);
    const error = await refusal(port(), path, flat);
    expect([error.code, error.details]).toEqual([
      status.RESOURCE_EXHAUSTED,
      expect.stringContaining(`more than ${LIMITS[limit]} messages`),
    ]);
    // As many as it may hold are decoded, and judged by what they say.
    const codec = method === 'ApplyChangeSet' ? ApplyChangeSetRequest : EvaluateBatchRequest;
    const most = repeated(field, Buffer.alloc(0), 2_000);
    expect(codec.decode(most)).toBeDefined();
    expect((await refusal(port(), path, most)).code).toBe(status.INVALID_ARGUMENT);
  });
});

describe('what decoders pass over', () => {
  let dev: Awaited<ReturnType<typeof startDev>>;
  beforeAll(async () => {
    dev = await startDev({ seed: 'demo' });
  });
  const APPLY = '/flagstream.v1.AdminService/ApplyChangeSet';
  const READ = '/flagstream.v1.AdminService/GetFlag';
  const many = (hex: string, bytes: number): Buffer => Buffer.alloc(bytes, Buffer.from(hex, 'hex'));

  test.each([
    ['a field 0 before the messages', Buffer.concat([Buffer.of(2, 0), many('0a00', 4_000_000)]), 'field 0'],
    ['groups', many('3b3c', 1_000_000), 'wire type 3'],
    ['a field 0 in a message', many('0a020000', 1_000_000), 'field 0'],
    ['numbers that no field has', many('4800', 8_000_000), 'fields'],
    ['a tag that does not end', Buffer.concat([many('0a00', 20_000), Buffer.alloc(12, 0xff)]), ''],
  ])('is not passed over uncounted: %s', async (_, bytes, words) => {
    const error = await refusal(dev.adminPort, APPLY, bytes);
    expect([status.RESOURCE_EXHAUSTED, status.INVALID_ARGUMENT]).toContain(error.code);
    expect(error.details).toContain(words);
  });

  test('is refused by its length where a request reads', async () => {
    const error = await refusal(dev.adminPort, READ, many('4800', LIMITS.readRequestBytesMax + 2));
    expect(error.code).toBe(status.RESOURCE_EXHAUSTED);
  });
});

describe('who shows no key', () => {
  let site: KeyedSite;
  beforeAll(async () => {
    site = await KeyedSite.start();
  });

  test('may send what names a service, not more than smallRequestBytesMax', async () => {
    const { grpcPort } = site.controlPlane;
    const error = await refusal(
      grpcPort,
      HealthService.check.path,
      Buffer.alloc(LIMITS.smallRequestBytesMax + 1),
    );
    expect(error.code).toBe(status.RESOURCE_EXHAUSTED);
  });

  test('may not send it packed either', async () => {
    const { grpcPort } = site.controlPlane;
    const session = connect(`http://127.0.0.1:${grpcPort}`);
    hold({ what: 'a session', release: () => session.destroy(), releaseNow: () => undefined });
    const packed = gzipSync(Buffer.alloc(1_000_000));
    expect(packed.length).toBeLessThan(LIMITS.smallRequestBytesMax);
    const call = session.request({
      ':method': 'POST',
      ':path': HealthService.check.path,
      'content-type': 'application/grpc',
      'grpc-encoding': 'gzip',
      te: 'trailers',
    });
    const head = Buffer.alloc(5);
    head[0] = 1;
    head.writeUInt32BE(packed.length, 1);
    call.end(Buffer.concat([head, packed]));
    const answered = new Promise((resolve) =>
      call.on('response', (received) => resolve([received['grpc-status'], received['grpc-message']])),
    );
    expect(await answered).toEqual([
      String(status.RESOURCE_EXHAUSTED),
      expect.stringContaining(`larger%20than%20${LIMITS.smallRequestBytesMax}`),
    ]);
  });

  test('may hold keylessStreamsMax streams of health, all together', async () => {
    const { grpcPort } = site.evaluator;
    const refused: ServiceError[] = [];
    let answered = 0;
    const clients = Array.from({ length: 10 }, () => clientTo(grpcPort));
    const count = LIMITS.keylessStreamsMax + 5;
    const { path, requestSerialize, responseDeserialize } = HealthService.watch;
    for (let index = 0; index < count; index++) {
      const call = clients[index % clients.length]!.makeServerStreamRequest(
        path,
        requestSerialize,
        responseDeserialize,
        { service: '' },
      );
      call.once('data', () => {
        answered += 1;
      });
      call.on('error', (error: ServiceError) => {
        if (error.code === status.RESOURCE_EXHAUSTED) refused.push(error);
      });
    }
    await until(() => answered + refused.length === count, { what: 'all to be answered' });
    expect([answered, refused.length]).toEqual([LIMITS.keylessStreamsMax, 5]);
  });
});
