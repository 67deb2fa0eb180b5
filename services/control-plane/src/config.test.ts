import { describeConfig, loadConfig } from '@flagstream/runtime';
import { describe, expect, it } from 'vitest';
import { controlPlaneConfigSchema } from './config.ts';

const load = (flags: Record<string, string>, env: Record<string, string> = {}) =>
  loadConfig(controlPlaneConfigSchema, { flags, env });

describe('controlPlaneConfigSchema', () => {
  it('has a default for every setting that is needed', () => {
    expect(load({})).toMatchObject({
      data: './data',
      host: '127.0.0.1',
      grpcPort: 8010,
      managementPort: 8011,
      project: 'default',
      environment: 'development',
      seed: 'default',
      writeAck: 'local',
      withoutStream: false,
      store: { synchronous: 'full' },
      nats: { prefix: 'flagstream' },
      log: { level: 'info', format: 'json' },
    });
  });

  it('takes flags before the environment', () => {
    const config = load(
      { '--nats-url': 'nats://a:4222', '--data': './elsewhere' },
      { FLAGSTREAM_NATS_URL: 'nats://b:4222', FLAGSTREAM_GRPC_PORT: '0' },
    );
    expect(config).toMatchObject({ nats: { url: 'nats://a:4222' }, data: './elsewhere', grpcPort: 0 });
  });

  it.each([
    [{ '--grpc-port': '70000' }],
    [{ '--nats-prefix': 'Not Good' }],
    [{ '--seed': 'everything' }],
    [{ '--project': 'Not A Key' }],
    [{ '--nats-stream-bytes': '1000' }],
    [{ '--write-ack': 'never' }],
    [{ '--store-synchronous': 'off' }],
  ])('refuses %o', (flags) => {
    expect(() => load(flags)).toThrow(Object.keys(flags)[0]);
  });

  it('describes every setting and hides the password', () => {
    const settings = describeConfig(controlPlaneConfigSchema);
    for (const setting of settings) expect(setting.description, setting.key).not.toBe('');
    expect(settings.filter((setting) => setting.secret).map((setting) => setting.key)).toEqual([
      'nats.password',
    ]);
  });
});
