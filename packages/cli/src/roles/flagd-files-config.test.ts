import { evaluatorConfigSchema } from '@flagstream/evaluator/config';
import { expect, it } from 'vitest';
import { flagdFilesConfig } from './flagd-files-config.ts';

const keylessOf = (settings: object): unknown =>
  flagdFilesConfig(evaluatorConfigSchema.parse(settings)).keyless;

it('callers without a key are bound to the place of the flags, and may be sent them', () => {
  const bound = { environment: 'default/development', sync: true, beyondLoopback: false };
  expect(keylessOf({})).toEqual(bound);
  expect(keylessOf({ project: 'shop', environment: 'live' })).toEqual({ ...bound, environment: 'shop/live' });
  const open = { host: '0.0.0.0', keyless: { beyondLoopback: true } };
  expect(keylessOf(open)).toEqual({ ...bound, beyondLoopback: true });
});

it('beyond loopback "insecure" trusts everybody, as without files', () => {
  const config = evaluatorConfigSchema.parse({ host: '0.0.0.0', insecure: true });
  expect(flagdFilesConfig(config)).toEqual(config);
});

it.each([
  [{ nats: { url: 'nats://localhost' } }, 'nats.url'],
  [{ controlPlane: { address: 'localhost:8010' } }, 'controlPlane.address'],
  [{ cache: { dir: 'cache' } }, 'cache.dir'],
  [{ workers: 2 }, 'workers'],
  [{ requireKeys: true }, 'requireKeys'],
  [{ keyless: { environment: 'other/place' } }, 'keyless.environment'],
])('%j is refused by its name', (settings, name) => {
  expect(() => keylessOf(settings)).toThrow(`${name}: cannot be set with --flags`);
});
