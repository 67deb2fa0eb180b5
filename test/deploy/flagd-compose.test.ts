// The compose file that puts an evaluator in flagd's place, held against what the command takes.

import { existsSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { readTracked } from '../repository/tracked-files.ts';
import { environmentOf, inheritedInstructions, readStages } from './dockerfile.ts';
import { defaultOf, exposureWarningsOf, portsOf, problemsOf } from './role-settings.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const { version } = JSON.parse(readTracked('package.json')) as { version: string };
const { services } = parse(readTracked('deploy/flagd/compose.yaml')) as {
  services: { flags: Record<string, unknown> & { environment: Record<string, string>; ports: string[] } };
};
const { flags } = services;
const image = environmentOf(inheritedInstructions(readStages(), 'evaluator'));

test("is the evaluator's image, alone, with few rights and a writable folder for the log", () => {
  expect(Object.keys(services)).toEqual(['flags']);
  expect(flags).toMatchObject({
    image: `flagstream-evaluator:${version}`,
    build: { context: '../..', dockerfile: 'deploy/Dockerfile', target: 'evaluator' },
    read_only: true,
    tmpfs: ['/tmp'],
    cap_drop: ['ALL'],
    security_opt: ['no-new-privileges:true'],
    healthcheck: { test: ['CMD', 'flagstream', 'health', 'evaluator'] },
  });
  const graceMs = Number(/^(\d+)s$/.exec(String(flags['stop_grace_period']))?.[1]) * 1_000;
  expect(graceMs).toBeGreaterThan(Number(defaultOf('evaluator', 'drainMs')) + 5_000);
});

test('serves a file that is there, from its mounted folder', () => {
  const [command, option, file, ...more] = flags['command'] as string[];
  expect([command, option, more]).toEqual(['serve', '--flags', []]);
  expect(flags['volumes']).toEqual(['.:/flags:ro']);
  expect(existsSync(path.join(ROOT, 'deploy/flagd', path.posix.relative('/flags', String(file))))).toBe(true);
});

test("has an evaluator's settings, is open because it says so, and publishes flagd's ports on loopback", () => {
  const env = { ...image, ...flags.environment };
  expect(problemsOf('evaluator', { env })).toEqual([]);
  expect(exposureWarningsOf('evaluator', env)).toHaveLength(2);
  expect(flags.ports).toEqual(portsOf('evaluator').map((port) => `127.0.0.1:${port}:${port}`));
});
