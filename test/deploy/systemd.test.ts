// The systemd units and their environment file, held against the configuration schemas, and against systemd's
// own checks where it is installed.

import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { describe, expect, test } from 'vitest';
import { readTracked } from '../repository/tracked-files.ts';
import { TestProcess } from '../support/process.ts';
import { tempDir } from '../support/temp-dir.ts';
import { defaultOf, parseServe, problemsOf, ROLES, type Role, settingsOf } from './role-settings.ts';

const UNITS: readonly (readonly [string, Role])[] = [
  ['flagstream-control-plane.service', 'control-plane'],
  ['flagstream-evaluator@.service', 'evaluator'],
];
/** systemd rates from 0 (closed) to 10 (open), here in tenths. */
const EXPOSURE_MAX = 20;
const NODE = '/usr/bin/node';

const readUnit = (unit: string): string => readTracked(`deploy/systemd/${unit}`);

/** Values of one key, in order. */
function valuesOf(unit: string, key: string): readonly string[] {
  return [...readUnit(unit).matchAll(new RegExp(`^${key}=(.*)$`, 'gm'))].map(([, value]) => value ?? '');
}

describe.each(UNITS)('%s', (unit, role) => {
  test('starts its role with flags that the schema accepts', () => {
    const [program, script, ...words] = valuesOf(unit, 'ExecStart')[0]!.split(' ');
    expect(program).toBe(NODE);
    expect(script).toBe('/opt/flagstream/node_modules/flagstream/bin/flagstream.js');
    const { role: started, flags } = parseServe(words);
    expect(started).toBe(role);
    expect(problemsOf(role, { flags })).toEqual([]);
  });

  test('has time to drain before it is killed, and is not restarted with a bad configuration', () => {
    const stopMs = Number(valuesOf(unit, 'TimeoutStopSec')[0]) * 1_000;
    expect(stopMs).toBeGreaterThan(Number(defaultOf('control-plane', 'drainGraceMs')) + 5_000);
    expect(valuesOf(unit, 'RestartPreventExitStatus')).toEqual(['78']);
  });
});

describe('the environment file', () => {
  const lines = [...readTracked('deploy/systemd/flagstream.env').matchAll(/^(#?)(FLAGSTREAM_\w+)=(.*)$/gm)];
  const variables = lines.map(([, comment, name = '', value = '']) => ({ set: comment === '', name, value }));

  test('names settings alone, each of at least one role', () => {
    const known = ROLES.flatMap((role) => settingsOf(role).map(({ env }) => env));
    expect(variables.length).toBeGreaterThan(5);
    expect(variables.filter(({ name }) => !known.includes(name))).toEqual([]);
  });

  test('shows defaults as they are', () => {
    const shown = variables.filter(({ set }) => !set);
    const wrong = shown.filter(({ name, value }) =>
      ROLES.flatMap((role) => settingsOf(role))
        .filter(({ env }) => env === name)
        .some((setting) => String(setting.default) !== value),
    );
    expect(wrong).toEqual([]);
  });

  test.each(ROLES)('sets what the %s accepts', (role) => {
    const known = new Set(settingsOf(role).map(({ env }) => env));
    const env = Object.fromEntries(
      variables.filter(({ set, name }) => set && known.has(name)).map(({ name, value }) => [name, value]),
    );
    expect(Object.keys(env)).toContain('FLAGSTREAM_NATS_URL');
    expect(problemsOf(role, { env })).toEqual([]);
  });
});

describe('systemd', () => {
  const withSystemd = hasSystemd() ? test : test.runIf(false);
  const named = (name: string): string => (hasSystemd() ? name : `${name} [needs systemd-analyze]`);

  withSystemd(named('accepts the units and finds them closed enough'), async () => {
    const folder = tempDir('systemd');
    for (const [unit] of UNITS) {
      // It looks whether the program is there.
      writeFileSync(path.join(folder, unit), readUnit(unit).replace(`=${NODE} `, `=${process.execPath} `));
    }
    const files = UNITS.map(([unit]) => path.join(folder, unit));
    const analyze = async (...words: string[]): Promise<{ code: number | null; stderr: string }> => {
      const child = new TestProcess('systemd-analyze', 'systemd-analyze', [...words, ...files]);
      const { code } = await child.exited;
      return { code, stderr: child.text('stderr') };
    };
    expect(await analyze('verify', '--man=no')).toEqual({ code: 0, stderr: '' });
    const rated = await analyze('security', '--offline=true', `--threshold=${EXPOSURE_MAX}`, '--no-pager');
    expect(rated).toEqual({ code: 0, stderr: '' });
  });
});

function hasSystemd(): boolean {
  try {
    execFileSync('systemd-analyze', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
