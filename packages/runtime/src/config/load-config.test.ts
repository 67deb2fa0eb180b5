import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { CONFIG_EXIT_CODE, ConfigError } from './config-error.ts';
import {
  type ConfigSources,
  describeConfig,
  effectiveSettings,
  loadConfig,
  resolveConfig,
} from './load-config.ts';
import { secretSetting } from './setting.ts';

const schema = z.strictObject({
  portBase: z.int().min(0).max(65_000).default(8010).describe('First of the ports.'),
  reflection: z.boolean().default(true),
  logLevel: z.enum(['info', 'debug']).default('info'),
  peers: z.array(z.string()).default([]),
  nats: z.strictObject({
    url: z.url().optional().describe('Where NATS listens.'),
    password: secretSetting(z.string()).optional(),
    ackWaitMs: z.number().default(2000),
  }),
  tls: z.strictObject({ certificate: z.string(), key: secretSetting(z.string()) }).optional(),
});

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

function file(content: string, name = 'flagstream.yaml'): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'flagstream-config-'));
  folders.push(folder);
  writeFileSync(path.join(folder, name), content);
  return path.join(folder, name);
}

function problems(sources: ConfigSources): string[] {
  try {
    loadConfig(schema, sources);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as ConfigError).problems.map(({ where, message }) => `${where}: ${message}`);
  }
  throw new Error('the configuration was accepted');
}

describe('loadConfig', () => {
  it('has defaults', () => {
    expect(loadConfig(schema, {})).toEqual({
      portBase: 8010,
      reflection: true,
      logLevel: 'info',
      peers: [],
      nats: { ackWaitMs: 2000 },
    });
  });

  it('takes each setting from flag, environment and file, in this order', () => {
    const yaml = file('portBase: 1\nnats:\n  url: nats://file:4222\n  ackWaitMs: 1\n');
    const env = { FLAGSTREAM_PORT_BASE: '2', FLAGSTREAM_NATS_URL: 'nats://env:4222' };
    expect(loadConfig(schema, { file: yaml })).toMatchObject({
      portBase: 1,
      nats: { url: 'nats://file:4222' },
    });
    expect(loadConfig(schema, { file: yaml, env })).toMatchObject({
      portBase: 2,
      nats: { url: 'nats://env:4222' },
    });
    const resolved = resolveConfig(schema, { file: yaml, env, flags: { 'port-base': '3' } });
    expect(resolved.config).toMatchObject({ portBase: 3, nats: { url: 'nats://env:4222', ackWaitMs: 1 } });
    expect(Object.fromEntries(resolved.origins)).toEqual({
      portBase: '--port-base',
      'nats.url': 'FLAGSTREAM_NATS_URL',
      'nats.ackWaitMs': `nats.ackWaitMs in ${yaml}`,
    });
  });

  it('takes flags as a command line parser gives them', () => {
    const flags = {
      portBase: 3,
      reflection: false,
      '--log-level': 'debug',
      peers: 'a, b',
      natsUrl: undefined,
    };
    expect(loadConfig(schema, { flags })).toMatchObject({
      portBase: 3,
      reflection: false,
      logLevel: 'debug',
      peers: ['a', 'b'],
    });
  });

  it('lists every problem at once, by the name under which the value was given', () => {
    const yaml = file('nats:\n  ulr: x\nlogLevel: loud\nport: 1\n__proto__: {a: 1}\n');
    expect(
      problems({
        file: yaml,
        env: { FLAGSTREAM_PORT_BASE: 'many', FLAGSTREAM_NATS_URL: 'nowhere', FLAGSTREAM_REFLECTION: 'yes' },
        flags: { 'nats-ack-wait-ms': 'x', colour: 'red', 'tls-certificate': 'cert.pem' },
      }).sort(),
    ).toEqual(
      [
        `__proto__ in ${yaml}: there is no such setting`,
        `nats.ulr in ${yaml}: there is no such setting`,
        `port in ${yaml}: there is no such setting`,
        '--colour: there is no such flag',
        '--nats-ack-wait-ms: must be a number, not "x"',
        'FLAGSTREAM_NATS_URL: Invalid URL',
        'FLAGSTREAM_PORT_BASE: must be a number, not "many"',
        'FLAGSTREAM_REFLECTION: must be true or false, not "yes"',
        `logLevel in ${yaml}: must be one of info, debug`,
        'tls.key: is missing (set --tls-key or FLAGSTREAM_TLS_KEY)',
      ].sort(),
    );
  });

  it.each([
    ['-1', 'must be 0 or more'],
    ['65001', 'must be 65000 or less'],
    ['1.5', 'must be a whole number'],
  ])('says of %s what would do', (given, text) => {
    expect(problems({ flags: { 'port-base': given } })).toEqual([`--port-base: ${text}`]);
  });

  it('is an error that names its exit code', () => {
    const error = new ConfigError([{ where: '--x', message: 'is wrong' }]);
    expect(error).toMatchObject({ reason: 'CONFIG_INVALID', exitCode: CONFIG_EXIT_CODE });
    expect(CONFIG_EXIT_CODE).toBe(78);
    expect(error.message).toBe('the configuration has 1 problem:\n  --x: is wrong');
  });

  it('ignores variables that are no setting, and empty ones', () => {
    const env = { FLAGSTREAM_EVALUATOR_PORT_8013_TCP: 'tcp://x', FLAGSTREAM_NATS_URL: '', PATH: '/bin' };
    expect(loadConfig(schema, { env }).nats.url).toBeUndefined();
  });

  it('reads secrets from files', () => {
    const secret = file('p4ss\n', 'password');
    for (const sources of [
      { env: { FLAGSTREAM_NATS_PASSWORD_FILE: secret } },
      { flags: { 'nats-password-file': secret } },
      { file: file(`nats: { passwordFile: ${secret} }`) },
    ]) {
      const { config, secretFiles } = resolveConfig(schema, sources);
      expect(config.nats.password).toBe('p4ss');
      expect([...secretFiles]).toEqual([['nats.password', secret]]);
    }
    // A stronger source replaces the file as well.
    const stronger = {
      env: { FLAGSTREAM_NATS_PASSWORD_FILE: secret },
      flags: { 'nats-password': 'typed' },
    };
    expect([...resolveConfig(schema, stronger).secretFiles]).toEqual([]);
    expect(
      problems({ env: { FLAGSTREAM_NATS_PASSWORD_FILE: secret, FLAGSTREAM_NATS_PASSWORD: 'x' } }),
    ).toEqual(['FLAGSTREAM_NATS_PASSWORD_FILE: give either this or FLAGSTREAM_NATS_PASSWORD']);
    expect(problems({ env: { FLAGSTREAM_NATS_PASSWORD_FILE: `${secret}.no` } })[0]).toContain('ENOENT');
    expect(problems({ flags: { 'nats-url-file': secret } })).toEqual([
      '--nats-url-file: there is no such flag',
    ]);
  });

  it('says where a file is broken', () => {
    const broken = file('nats:\n  url: "x\n');
    expect(problems({ file: broken })[0]).toMatch(/flagstream\.yaml:\d: Missing closing "quote/);
    expect(problems({ file: file('- a\n') })[0]).toContain('must be a mapping of settings');
    expect(problems({ file: `${broken}.no` })[0]).toContain('cannot be read');
    expect(loadConfig(schema, { file: file('') }).portBase).toBe(8010);
  });
});

describe('describeConfig', () => {
  it('names each setting in each source', () => {
    const described = new Map(describeConfig(schema).map((setting) => [setting.key, setting]));
    expect([...described.keys()]).toEqual([
      'portBase',
      'reflection',
      'logLevel',
      'peers',
      'nats.url',
      'nats.password',
      'nats.ackWaitMs',
      'tls.certificate',
      'tls.key',
    ]);
    expect(described.get('portBase')).toEqual({
      path: ['portBase'],
      key: 'portBase',
      env: 'FLAGSTREAM_PORT_BASE',
      flag: '--port-base',
      type: 'integer',
      default: 8010,
      description: 'First of the ports.',
      secret: false,
    });
    expect(described.get('nats.password')).toMatchObject({
      flag: '--nats-password',
      secret: true,
      type: 'string',
    });
    expect(described.get('nats.url')).toMatchObject({ type: 'string', description: 'Where NATS listens.' });
    expect(described.get('logLevel')).toMatchObject({ type: 'enum', values: ['info', 'debug'] });
    expect(described.get('nats.ackWaitMs')).toMatchObject({
      env: 'FLAGSTREAM_NATS_ACK_WAIT_MS',
      type: 'number',
    });
  });

  it('refuses two settings with one name', () => {
    const twice = z.object({ natsUrl: z.string(), nats: z.object({ url: z.string() }) });
    expect(() => describeConfig(twice)).toThrow('two settings have the flag --nats-url');
  });
});

describe('effectiveSettings', () => {
  it('shows values and origins, and hides secrets', () => {
    const resolved = resolveConfig(schema, {
      env: { FLAGSTREAM_NATS_PASSWORD: 'p4ss' },
      flags: { peers: 'a' },
    });
    const effective = effectiveSettings(schema, resolved);
    expect(JSON.stringify(effective)).not.toContain('p4ss');
    expect(effective).toContainEqual({
      key: 'nats.password',
      value: '[secret]',
      origin: 'FLAGSTREAM_NATS_PASSWORD',
    });
    expect(effective).toContainEqual({ key: 'peers', value: ['a'], origin: '--peers' });
    expect(effective).toContainEqual({ key: 'portBase', value: 8010, origin: 'default' });
    expect(effective).toContainEqual({ key: 'tls.key', value: undefined, origin: 'default' });
  });
});
