import { expect, it } from 'vitest';
import { testLogger } from '../evaluator.fixture.ts';
import { shopLog } from '../log.fixture.ts';
import { FirstHead, FirstSnapshot } from './first-answer.ts';

it('asks one after the other until somebody answers', async () => {
  const [away, other] = [shopLog(), shopLog()];
  away.snapshotFault = 'away';
  away.headFault = 'away';
  const { logger, logs } = testLogger();
  expect((await new FirstSnapshot([away, other], logger).fetch()).snapshot.position).toEqual(other.position);
  expect(logs).toMatchObject([{ detail: 'away' }]);
  const stored = { origin: 'nats' as const, fetch: () => other.fetch() };
  expect(await new FirstSnapshot([away, stored], logger).fetch()).toMatchObject({ origin: 'nats' });
  expect(await new FirstSnapshot([other, stored], logger).fetch()).toMatchObject({ origin: 'control-plane' });
  expect((await new FirstHead([away, other]).askHead()).headHash).toEqual(other.position.hash);
  expect((await new FirstSnapshot([other, away], logger).fetch()).snapshot.position).toEqual(other.position);
  expect([away.snapshotsFetched, other.snapshotsFetched]).toEqual([2, 4]);
});

it('says what the last one said, or that there is nobody', async () => {
  const away = shopLog();
  away.headFault = 'away';
  await expect(new FirstHead([away]).askHead()).rejects.toThrow('away');
  await expect(new FirstHead([]).askHead()).rejects.toMatchObject({ reason: 'UNREACHABLE' });
});
