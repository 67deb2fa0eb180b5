// Each limit at each door that it guards: as much as the limit is taken, one more is refused by name, and nothing is
// lost over it.

import { fromServiceError, LIMITS, type LimitName } from '@flagstream/protocol';
import { EvaluateRequest } from '@flagstream/protocol/gen/flagstream/v1/evaluation';
import type { ServiceError } from '@grpc/grpc-js';
import { beforeAll, describe, expect, test } from 'vitest';
import { readTracked } from '../repository/tracked-files.ts';
import { callUnary } from '../support/grpc-call.ts';
import { type Crossing, LIMIT_ENTRIES } from './crossings.ts';
import { headOf, type LimitSite, startLimitSite } from './limit-site.ts';

const entries = Object.entries(LIMIT_ENTRIES);
const crossed = entries.flatMap(([limit, entry]) =>
  'crossings' in entry
    ? entry.crossings.map((crossing: Crossing) => ({ limit, door: crossing.door, crossing }))
    : [],
);

test('every limit has its crossings, or the reason why it guards no door', () => {
  expect(entries.map(([name]) => name).sort()).toEqual(Object.keys(LIMITS).sort());
});

test.each(entries.flatMap(([limit, entry]) => ('crossedIn' in entry ? [{ limit, ...entry }] : [])))(
  '$limit is crossed in $crossedIn',
  ({ crossedIn, word }) => {
    expect(readTracked(crossedIn)).toContain(word);
  },
);

describe('a limit', () => {
  let site: LimitSite;
  beforeAll(async () => {
    site = await startLimitSite();
  });

  test.each(crossed)('$limit at $door', async ({ limit, crossing }) => {
    const { call, reason, field, taken } = crossing;
    const most = LIMITS[limit as LimitName];
    // What is taken may fail for something else: a name that nothing has.
    const under = await reasonOf(call(site, taken ?? most));
    expect(under?.reason).not.toBe(reason);
    const before = await headOf(site);
    const over = await reasonOf(call(site, most + 1));
    expect(over?.reason).toBe(reason);
    if (field !== undefined) expect(over?.fields[0]?.field.startsWith(field)).toBe(true);
    expect(await headOf(site)).toBe(before);
    const { evaluation } = site;
    const request = EvaluateRequest.fromJSON({ flagKey: 'maintenance-mode' });
    expect(await callUnary(evaluation, evaluation.evaluate, request)).toMatchObject({ variant: 'off' });
  });
});

async function reasonOf(call: Promise<unknown>): Promise<ReturnType<typeof fromServiceError> | undefined> {
  try {
    await call;
    return undefined;
  } catch (error) {
    return fromServiceError(error as ServiceError);
  }
}
