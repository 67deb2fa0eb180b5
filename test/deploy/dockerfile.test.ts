// The image: read as text and held against the configuration schemas, since no Docker engine is needed to run
// the tests.

import { describe, expect, test } from 'vitest';
import { readTracked, trackedFiles } from '../repository/tracked-files.ts';
import { runFlagstream } from '../support/flagstream.ts';
import { environmentOf, inheritedInstructions, lastWords, readStages } from './dockerfile.ts';
import { parseServe, portsOf, problemsOf, ROLES } from './role-settings.ts';

const EXIT_UNAVAILABLE = 6;

const stages = readStages();

describe('the Dockerfile', () => {
  test('builds on images of one version, named without a registry', () => {
    const images = stages.map(({ from }) => from).filter((from) => !stages.some(({ name }) => name === from));
    expect(images).toEqual(['node:24-bookworm', 'node:24-bookworm-slim']);
  });

  test('copies every manifest of the workspace before it installs', () => {
    const manifests = trackedFiles().filter((file) =>
      /^(packages|services)\/[^/]+\/package\.json$/.test(file),
    );
    const [build] = stages;
    const install = build!.instructions.findIndex(({ text }) => text.startsWith('npm ci'));
    const copied = build!.instructions
      .slice(0, install)
      .filter(({ name }) => name === 'COPY')
      .flatMap(({ text }) => text.split(' ').slice(0, -1));
    expect(copied).toEqual(
      expect.arrayContaining([...manifests, 'package.json', 'package-lock.json', '.npmrc']),
    );
  });

  test('hands nothing of the machine to the build', () => {
    const ignored = readTracked('deploy/Dockerfile.dockerignore').split('\n');
    expect(ignored).toEqual(expect.arrayContaining(['.git/', 'data/', '**/node_modules/', '**/*.db']));
    const added = stages.flatMap(({ instructions }) => instructions).filter(({ name }) => name === 'ADD');
    expect(added).toEqual([]);
  });
});

describe.each(ROLES)('the image of the %s', (role) => {
  const instructions = inheritedInstructions(stages, role);

  test('does not run as root', () => {
    const users = instructions.filter(({ name }) => name === 'USER').map(({ text }) => text);
    expect(users).toEqual(['1000:1000']);
  });

  test('starts the role with settings that its schema accepts', () => {
    const { role: started, flags } = parseServe(lastWords(instructions, 'CMD'));
    expect(started).toBe(role);
    expect(problemsOf(role, { env: environmentOf(instructions), flags })).toEqual([]);
  });

  test("exposes the role's default ports", () => {
    const exposed = instructions
      .filter(({ name }) => name === 'EXPOSE')
      .flatMap(({ text }) => text.split(' '));
    expect(exposed.map(Number)).toEqual(portsOf(role));
  });

  test("checks the role's health with a command that exists", async () => {
    const [program, ...words] = lastWords(instructions, 'HEALTHCHECK');
    expect([program, ...words]).toEqual(['flagstream', 'health', role]);
    // Nothing listens on port 1: the command is right and its answer is that nobody is there.
    const nobody = ['--server', 'localhost:1', '--evaluator', 'localhost:1', '--timeout', '2'];
    expect((await runFlagstream([...words, ...nobody])).code).toBe(EXIT_UNAVAILABLE);
  });
});

test('only the control plane keeps data, in its volume', () => {
  const volumes = ROLES.map((role) =>
    inheritedInstructions(stages, role)
      .filter(({ name }) => name === 'VOLUME')
      .map(({ text }) => text),
  );
  expect(volumes).toEqual([['/data'], []]);
  const { FLAGSTREAM_DATA } = environmentOf(inheritedInstructions(stages, 'control-plane'));
  expect(FLAGSTREAM_DATA).toBe('/data');
});
