// What curl, browsers and flagd's clients that do not speak gRPC get from an evaluator.

import { createFileRegistry, fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { createClient } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';
import { descriptorSet } from '@flagstream/protocol';
import { describe, expect, it } from 'vitest';
import { privateValue } from '../../../test/support/private-value.ts';
import { start } from './evaluator.fixture.ts';
import { booleanFlag, entity, type MemoryLog, serving, shopLog } from './log.fixture.ts';

const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, descriptorSet()));

async function running(log: MemoryLog = shopLog()) {
  const started = await start(log);
  await started.evaluator.ready();
  const url = `http://${started.target}`;
  const post = (path: string, body: unknown, headers: Readonly<Record<string, string>> = {}) =>
    fetch(`${url}/${path}`, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json', ...headers },
    });
  return { ...started, log, url, post };
}

describe('an evaluator over HTTP', () => {
  it('answers Evaluate as JSON', async () => {
    const { post, log } = await running();
    const response = await post('flagstream.v1.EvaluationService/Evaluate', {
      flagKey: 'new-checkout',
      context: { targetingKey: privateValue('user') },
    });
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({
      value: true,
      variant: 'on',
      reason: 'REASON_STATIC',
      revision: String(log.position.revision),
    });
  });

  it('has the details of an error', async () => {
    const { post } = await running();
    const response = await post('flagstream.v1.EvaluationService/Evaluate', { flagKey: 'nope' });
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({
      code: 'not_found',
      details: [{ type: 'google.rpc.ErrorInfo', debug: { reason: 'FLAG_NOT_FOUND' } }],
    });
  });

  it('tells what changes as server-sent events', async () => {
    const { url, log } = await running();
    const message = encodeURIComponent('{"flagKeys":["new-checkout"],"context":{}}');
    const response = await fetch(`${url}/flagstream.v1.EvaluationService/Watch?message=${message}`, {
      headers: { accept: 'text/event-stream' },
    });
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    const until = async (word: string): Promise<void> => {
      let seen = '';
      while (!seen.includes(word)) {
        const { value, done } = await reader.read();
        if (done) throw new Error(`the stream ended after ${seen}`);
        seen += value;
      }
    };
    await until('"variant":"on"');
    log.commit(entity.config('default', 'development', 'new-checkout', { enabled: false }));
    await until('"enabled":false');
    await reader.cancel();
  });
});

describe("flagd's clients over HTTP", () => {
  it.each(['flagd.evaluation.v1', 'flagd.evaluation.v2', 'schema.v1'])(
    '%s resolves a false as PHP needs it, without a protocol header',
    async (name) => {
      const log = shopLog();
      log.commit(
        entity.flag('default', 'dark', booleanFlag),
        entity.config('default', 'development', 'dark', serving('off')),
      );
      const { post } = await running(log);
      const response = await post(`${name}.Service/ResolveBoolean`, { flag_key: 'dark', context: {} });
      expect(await response.json()).toMatchObject({ value: false, reason: 'STATIC', variant: 'off' });
    },
  );

  it('hears of a flag that is not there by 404', async () => {
    const { post } = await running();
    const response = await post('flagd.evaluation.v1.Service/ResolveBoolean', {
      flagKey: 'nope',
      context: null,
    });
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ code: 'not_found' });
  });

  it.each([true, false])(
    'follow EventStream as a Connect stream, in protobuf: %s',
    async (useBinaryFormat) => {
      const { url, log } = await running();
      const service = registry.getService('flagd.evaluation.v2.Service')!;
      const client = createClient(
        service,
        createConnectTransport({ baseUrl: url, httpVersion: '1.1', useBinaryFormat }),
      ) as unknown as { eventStream(request: object): AsyncIterable<{ type: string; data?: object }> };
      const types: string[] = [];
      for await (const { type } of client.eventStream({})) {
        types.push(type);
        if (type === 'provider_ready')
          log.commit(entity.config('default', 'development', 'new-checkout', { enabled: false }));
        if (type === 'configuration_change') break;
      }
      expect(types[0]).toBe('provider_ready');
    },
  );

  it('may be pages of this machine, with the headers that they send', async () => {
    const { url } = await running();
    const response = await fetch(`${url}/flagd.evaluation.v1.Service/ResolveAll`, {
      method: 'OPTIONS',
      headers: {
        origin: 'http://localhost:5173',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'connect-protocol-version,content-type',
      },
    });
    expect(response.headers.get('access-control-allow-origin')).toBe('http://localhost:5173');
    expect(response.headers.get('access-control-allow-headers')).toBe(
      'connect-protocol-version,content-type',
    );
  });
});
