// The compose file: parsed, and held against the configuration schemas and the image.

import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { readTracked } from '../repository/tracked-files.ts';
import { environmentOf, inheritedInstructions, readStages } from './dockerfile.ts';
import { defaultOf, exposureWarningsOf, portsOf, problemsOf, ROLES, type Role } from './role-settings.ts';

interface Service {
  readonly image: string;
  readonly build?: { readonly context: string; readonly dockerfile: string; readonly target: string };
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly healthcheck: { readonly test: readonly string[] };
  readonly read_only: boolean;
  readonly cap_drop: readonly string[];
  readonly security_opt: readonly string[];
  readonly stop_grace_period: string;
}

const { version } = JSON.parse(readTracked('package.json')) as { version: string };
const compose = parse(readTracked('deploy/compose.yaml'), { merge: true }) as {
  services: Readonly<Record<string, Service>>;
  volumes: Readonly<Record<string, unknown>>;
};
const services = Object.entries(compose.services);
const ours = services.flatMap(([name, service]): [string, Role, Service][] => {
  const role = ROLES.find((candidate) => service.build?.target === candidate);
  return role === undefined ? [] : [[name, role, service]];
});

test('there are NATS, a control plane and two evaluators', () => {
  expect(services.map(([name]) => name)).toEqual(['nats', 'control-plane', 'evaluator-1', 'evaluator-2']);
  expect(ours.map(([, role]) => role)).toEqual(['control-plane', 'evaluator', 'evaluator']);
});

describe.each(services)('%s', (_name, service) => {
  test('has an image of one version, named without a registry', () => {
    expect(service.image).toMatch(/^[a-z-]+:\d[\w.-]*$/);
  });

  test('has a health check and few rights', () => {
    expect(service.healthcheck.test[0]).toBe('CMD');
    expect(service).toMatchObject({
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
    });
  });

  test('publishes on loopback alone, and names volumes that exist', () => {
    expect((service.ports ?? []).filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([]);
    const named = (service.volumes ?? [])
      .map((volume) => volume.split(':')[0]!)
      .filter((v) => !v.startsWith('.'));
    expect(Object.keys(compose.volumes)).toEqual(expect.arrayContaining(named));
  });
});

describe.each(ours)('%s', (_name, role, service) => {
  test("is this version's image of the role", () => {
    expect(service.image).toBe(`flagstream-${role}:${version}`);
    expect(service.build).toEqual({ context: '..', dockerfile: 'deploy/Dockerfile', target: role });
    expect(service.healthcheck.test.slice(1)).toEqual(['flagstream', 'health', role]);
  });

  test('has settings that the schema of its role accepts, on top of those of the image', () => {
    const env = { ...environmentOf(inheritedInstructions(readStages(), role)), ...service.environment };
    expect(problemsOf(role, { env })).toEqual([]);
    expect(problemsOf(role, { env: { ...env, FLAGSTREAM_NO_SUCH: 'x' } })).toHaveLength(1);
  });

  test('is open to the services of this file, because it says so', () => {
    const image = environmentOf(inheritedInstructions(readStages(), role));
    expect(() => exposureWarningsOf(role, image)).toThrow('--insecure');
    expect(exposureWarningsOf(role, { ...image, ...service.environment })).toHaveLength(2);
  });

  test("publishes the role's default ports, and names other services by theirs", () => {
    const inside = (service.ports ?? []).map((port) => Number(port.split(':').at(-1)));
    expect(inside).toEqual(portsOf(role));
    const { FLAGSTREAM_NATS_URL, FLAGSTREAM_CONTROL_PLANE_ADDRESS } = service.environment ?? {};
    expect(FLAGSTREAM_NATS_URL).toBe('nats://nats:4222');
    if (role === 'evaluator') {
      expect(FLAGSTREAM_CONTROL_PLANE_ADDRESS).toBe(`control-plane:${portsOf('control-plane')[0]}`);
    }
  });

  test('has time to drain before it is killed', () => {
    const graceMs = Number(/^(\d+)s$/.exec(service.stop_grace_period)?.[1]) * 1_000;
    expect(graceMs).toBeGreaterThan(Number(defaultOf('control-plane', 'drainGraceMs')) + 5_000);
  });
});

test('no two services publish the same port', () => {
  const published = services.flatMap(([, { ports = [] }]) => ports.map((port) => port.split(':')[1]));
  expect(new Set(published).size).toBe(published.length);
});
