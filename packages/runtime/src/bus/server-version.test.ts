import { describe, expect, it } from 'vitest';
import { replicasFinding, versionFinding } from './server-version.ts';

describe('versionFinding', () => {
  it.each([
    ['2.8.4', 'fail'],
    ['2.9.0', 'warn'],
    ['2.9.10', 'warn'],
    ['2.10.0', 'ok'],
    ['2.10.19', 'ok'],
    ['2.10.20', 'warn'],
    ['2.10.22', 'warn'],
    ['2.10.23', 'ok'],
    ['2.11.0-RC.2', 'ok'],
    ['3.0.0', 'ok'],
    ['', 'fail'],
  ])('%s: %s', (version, verdict) => {
    expect(versionFinding(version)).toMatchObject({ verdict, detail: expect.stringContaining(version) });
  });
});

describe('replicasFinding', () => {
  it.each([
    ['2.9.10', 1, false, 'ok'],
    ['2.9.10', 3, false, 'fail'],
    ['2.9.10', 3, true, 'warn'],
    ['2.10.26', 3, false, 'fail'],
    ['2.10.27', 3, false, 'ok'],
    ['2.15.1', 5, false, 'ok'],
  ])('%s with %i replicas, accepted %s: %s', (version, replicas, accepted, verdict) => {
    expect(replicasFinding(version, replicas, accepted).verdict).toBe(verdict);
  });
});
