import { EntityReadings } from '@flagstream/protocol';
import { describe, expect, it } from 'vitest';
import { testLogger } from '../evaluator.fixture.ts';
import { shopLog } from '../log.fixture.ts';
import { EnvironmentReplica } from '../state/environment-replica.ts';
import { ChangeFanout } from './change-fanout.ts';

const replica = (environment: string): EnvironmentReplica =>
  new EnvironmentReplica(
    { project: 'default', environment },
    new EntityReadings(),
    shopLog().state.entities(),
    0,
  );

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('ChangeFanout', () => {
  it('tells the streams of the environment that changed, and only those, at once', () => {
    const fanout = new ChangeFanout(testLogger().logger);
    const [a, b] = [replica('development'), replica('production')];
    const told: string[] = [];
    fanout.add(a, { changed: () => told.push('a') });
    fanout.add(b, { changed: () => told.push('b') });
    fanout.changed([a]);
    expect(told).toEqual(['a']);
  });

  it('yields after a part of a millisecond of writing while somebody evaluates, and not while nobody does', async () => {
    let [nowMs, total] = [10_000, 0];
    const fanout = new ChangeFanout(testLogger().logger, { total: () => total, monotonicMs: () => nowMs });
    const environment = replica('development');
    let told = 0;
    for (let index = 0; index < 100; index++)
      fanout.add(environment, {
        changed: () => {
          told += 1;
          nowMs += 0.25;
        },
      });
    fanout.changed([environment]);
    expect(told).toBe(100);
    total += 1;
    fanout.changed([environment]);
    expect(told - 100).toBeLessThan(12);
    while (told < 200) await turn();
    // The round finds that nobody is left.
    await turn();
    // The last evaluation is long ago.
    nowMs += 1_001;
    fanout.changed([environment]);
    expect(told).toBe(300);
  });

  it('tells on while somebody evaluates as acknowledgements come, and waits for none of them for long', async () => {
    let [nowMs, total] = [10_000, 0];
    const fanout = new ChangeFanout(testLogger().logger, { total: () => total, monotonicMs: () => nowMs });
    const environment = replica('development');
    const told: { owesAcknowledgement: boolean }[] = [];
    for (let index = 0; index < 600; index++) {
      const member = {
        owesAcknowledgement: false,
        changed: (): void => {
          member.owesAcknowledgement = true;
          told.push(member);
        },
      };
      fanout.add(environment, member);
    }
    // More turns of the loop, and milliseconds, than all of them would need.
    const after = async (): Promise<number> => {
      for (let round = 0; round < 10; round++) await new Promise((resolve) => setTimeout(resolve, 1));
      return told.length;
    };
    total += 1;
    fanout.changed([environment]);
    expect(await after()).toBe(128);
    for (const member of told.slice(0, 100)) member.owesAcknowledgement = false;
    expect(await after()).toBe(228);
    nowMs += 51;
    expect(await after()).toBe(356);
    for (const member of told) member.owesAcknowledgement = false;
    expect(await after()).toBe(484);
    // Nobody evaluates any more: the rest at once.
    nowMs += 1_001;
    expect(await after()).toBe(600);
  });

  it('waits for nobody who gives no acknowledgements, or was sent nothing as it owes one already', async () => {
    const evaluations = { total: () => 1, monotonicMs: () => 10_000 };
    for (const member of [{}, { owesAcknowledgement: true }]) {
      const fanout = new ChangeFanout(testLogger().logger, evaluations);
      const environment = replica('development');
      let told = 0;
      for (let index = 0; index < 300; index++)
        fanout.add(environment, {
          ...member,
          changed: () => {
            told += 1;
          },
        });
      fanout.changed([environment]);
      while (told < 300) await turn();
    }
  });

  it('lets the event loop run between rounds of writes, and misses no change meanwhile', async () => {
    const fanout = new ChangeFanout(testLogger().logger);
    const environment = replica('development');
    const seen = Array.from({ length: 500 }, () => 0);
    let generation = 1;
    for (const index of seen.keys())
      fanout.add(environment, {
        changed: () => {
          seen[index] = generation;
        },
      });
    fanout.changed([environment]);
    expect(seen.filter((value) => value === 1)).toHaveLength(200);
    generation = 2;
    fanout.changed([environment]);
    while (seen.some((value) => value !== 2)) await turn();
    expect(seen.every((value) => value === 2)).toBe(true);
  });

  it('leaves out streams that ended, and goes on when one fails', () => {
    const { logger, logs } = testLogger();
    const fanout = new ChangeFanout(logger);
    const environment = replica('development');
    const told: string[] = [];
    const gone = { changed: () => told.push('gone') };
    const broken = {
      changed: (): void => {
        fanout.remove(environment, gone);
        throw new Error('broken');
      },
    };
    fanout.add(environment, broken);
    fanout.add(environment, gone);
    fanout.add(environment, { changed: () => told.push('last') });
    fanout.changed([environment]);
    expect(told).toEqual(['last']);
    expect(logs.at(-1)?.['msg']).toBe('a stream failed to take a change');
  });
});
