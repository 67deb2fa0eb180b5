import { expect, it } from 'vitest';
import { streamFinding } from './cas-race.ts';

it.each([
  [[1, 1], 'ok', 'one was accepted each time'],
  [[1, 2], 'fail', 'accepted were 1, 2; the log’s order'],
  [[0, 1], 'fail', 'accepted were 0, 1; the log’s order'],
])('a race that %j publishers won is %s', (winners, verdict, detail) => {
  expect(streamFinding(winners)).toMatchObject({
    check: 'cas race',
    verdict,
    detail: expect.stringContaining(detail.replace('’', "'")),
  });
});
