import { describe, expect, it } from 'vitest';
import { ROLES } from '../roles/role-table.ts';
import { workerFlags } from './worker-flags.ts';

/** Settings of several evaluators, as `serve` would take them. */
function settingsOf(flags: Readonly<Record<string, string>>) {
  const { supervised } = ROLES.evaluator.prepare({ flags: { '--workers': '3', ...flags }, env: {} });
  return supervised!;
}

describe('one of several', () => {
  it('has a name, a management port and a cache folder of its own', () => {
    expect(workerFlags(settingsOf({ '--cache-dir': '/c' }), 2, 'ev-2')).toEqual([
      '--workers=1',
      '--node-id=ev-2',
      '--management-port=8022',
      '--cache-dir=/c/worker-2',
    ]);
  });

  it('has what is not set as little as one alone', () => {
    expect(workerFlags(settingsOf({ '--workers-management-port': '0' }), 2, 'ev-2')).toEqual([
      '--workers=1',
      '--node-id=ev-2',
      '--management-port=0',
    ]);
  });

  it('is a single evaluator to itself', () => {
    const flags = { '--workers': '1', '--node-id': 'ev-0' };
    expect(ROLES.evaluator.prepare({ flags, env: { FLAGSTREAM_WORKERS: '3' } }).supervised).toBeUndefined();
  });
});

it.each([['0'], ['65'], ['1.5']])('%s workers are refused', (workers) => {
  expect(() => ROLES.evaluator.prepare({ flags: { '--workers': workers }, env: {} })).toThrow('--workers');
});

it('a control plane has no such setting', () => {
  expect(() => ROLES['control-plane'].prepare({ flags: { '--workers': '2' }, env: {} })).toThrow('--workers');
});
