import { evaluatorConfigSchema } from '@flagstream/evaluator/config';
import { expect, it } from 'vitest';
import { flagdFilesConfig } from './flagd-files-config.ts';

const keylessOf = (settings: object): unknown =>
  flagdFilesConfig(evaluatorConfigSchema.parse(settings)).keyless;

it('where callers would need a key they are bound to the place of the flags, and may be sent them', () => {
  const bound = { environment: 'default/development', sync: true, beyondLoopback: true };
  const open = { host: '0.0.0.0', keyless: { beyondLoopback: true } };
  expect(keylessOf(open)).toEqual(bound);
  const elsewhere = { project: 'shop', environment: 'live' };
  expect(keylessOf({ ...open, ...elsewhere })).toEqual({ ...bound, environment: 'shop/live' });
  expect(keylessOf({ keyless: { environment: 'default/development' } })).toMatchObject({ sync: true });
  // The evaluator refuses to start so: nobody could ever be answered.
  expect(keylessOf({ host: '0.0.0.0' })).toEqual({ ...bound, beyondLoopback: false });
});

it.each([{}, { host: '0.0.0.0', insecure: true }])(
  'with %j everybody is trusted, as without files',
  (settings) => {
    const config = evaluatorConfigSchema.parse(settings);
    expect(flagdFilesConfig(config)).toEqual(config);
  },
);

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
