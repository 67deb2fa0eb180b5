// `make soak ARGS=clients` fails by these.

import { EnvironmentClients } from '@flagstream/protocol/gen/flagstream/v1/fleet';
import { describe, expect, test } from 'vitest';
import { clientsLimits, slopesOf } from './clients-limits.ts';
import { holds } from './limits.ts';
import type { ClientsSample, ManyClients } from './many-clients.ts';

const MEBIBYTE = 2 ** 20;
const MINUTE_MS = 60_000;

/** Every side keeps the same. */
function sample(minutes: number, heapMib: number, rssMib: number, openFiles: number): ClientsSample {
  const side = {
    ...{ heapBytes: heapMib * MEBIBYTE, externalBytes: 0, rssBytes: rssMib * MEBIBYTE },
    openFiles,
  };
  const at = { atMs: minutes * MINUTE_MS, changes: 0, visits: 0 };
  return { ...at, controlPlane: side, evaluator: side, sdk: side };
}

function soaked(samples: readonly ClientsSample[], more: Partial<ManyClients> = {}): ManyClients {
  return {
    samples,
    crowd: { regressions: 0, losses: 0, transfers: 1 },
    stay: 7,
    listed: EnvironmentClients.fromPartial({ clients: 7, current: 7 }),
    wrongValues: 0,
    cpu: { controlPlane: 0, evaluator: 0, sdk: 0, load: 0 },
    ...more,
  };
}

/** What grows before a fifth of the run does not count. */
const RESTING = [sample(0, 1, 10, 5), sample(2, 20, 100, 5), sample(6, 20, 100, 5), sample(10, 20, 100, 5)];

describe('the limits of a soak of clients', () => {
  test('count slopes from a fifth of the run on', () => {
    expect(slopesOf(RESTING, 'sdk').heapMibPerHour).toBeCloseTo(0);
    expect(clientsLimits(soaked(RESTING)).every(holds)).toBe(true);
    const grown = [sample(0, 1, 10, 5), sample(2, 20, 100, 5), sample(6, 22, 110, 7), sample(10, 24, 120, 9)];
    expect(slopesOf(grown, 'evaluator')).toEqual({
      heapMibPerHour: expect.closeTo(30),
      rssMibPerHour: expect.closeTo(150),
      rssPercentPerHour: expect.closeTo(150),
      openFilesPerHour: expect.closeTo(30),
    });
    expect(clientsLimits(soaked(grown)).filter((limit) => !holds(limit))).toHaveLength(3 * 4);
  });

  test('allow nothing that a client could notice', () => {
    const failing = (more: Partial<ManyClients>): number =>
      clientsLimits(soaked(RESTING, more)).filter((limit) => !holds(limit)).length;
    expect(failing({ crowd: { regressions: 1, losses: 0, transfers: 1 } })).toBe(1);
    expect(failing({ crowd: { regressions: 0, losses: 1, transfers: 1 } })).toBe(1);
    expect(failing({ crowd: { regressions: 0, losses: -1, transfers: 1 } })).toBe(1);
    expect(failing({ wrongValues: 1 })).toBe(1);
    expect(failing({ listed: EnvironmentClients.fromPartial({ clients: 8, current: 7 }) })).toBe(1);
    expect(failing({ listed: EnvironmentClients.fromPartial({ clients: 7, current: 6 }) })).toBe(1);
  });

  test('pass nothing that was not measured', () => {
    expect(() => clientsLimits(soaked([sample(0, 1, 1, 1)]))).toThrow('nothing to compare');
    const [first, last] = [sample(0, 1, 1, 1), sample(10, 1, 1, 1)];
    expect(clientsLimits(soaked([first, last])).filter((limit) => !holds(limit))).toHaveLength(3 * 3);
  });
});
