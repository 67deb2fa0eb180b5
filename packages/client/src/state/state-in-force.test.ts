import { sha256 } from '@flagstream/protocol';
import { ClientSet } from '@flagstream/replica';
import { expect, test } from 'vitest';
import { ManualClock } from '../../../../test/support/manual-clock.ts';
import { StateInForce } from './state-in-force.ts';

const scope = { project: 'p', environment: 'dev' };
const LOG = new Uint8Array(32).fill(1);
const at = (epoch: number, revision: number): ClientSet =>
  ClientSet.of(sha256, { epoch, revision, hash: new Uint8Array(32).fill(revision) }, LOG, []);

test('what was proven for one epoch is an estimate for the next, which may be another branch', () => {
  const inForce = new StateInForce(new ManualClock(), scope);
  const proven = { stalenessMs: 5, estimated: false, source: 'live' } as const;
  inForce.takeTransfer(scope, at(1, 3), []);
  inForce.fresh(at(1, 3), proven, 0, 0);
  inForce.takeTransfer(scope, at(1, 4), []);
  expect(inForce.staleness().estimated).toBe(false);
  inForce.takeTransfer(scope, at(2, 4), []);
  expect(inForce.staleness().estimated).toBe(true);
  inForce.fresh(at(2, 4), proven, 0, 0);
  expect(inForce.staleness().estimated).toBe(false);
});
