/** A process that runs the seeds that it is given, and answers what they add up to. */
import process from 'node:process';
import { runSeed } from '../scenario.ts';
import { count, emptyTally } from './tally.ts';

export interface SeedRange {
  readonly from: number;
  readonly to: number;
}

process.on('message', async ({ from, to }: SeedRange) => {
  const tally = emptyTally();
  const before = process.cpuUsage();
  for (let seed = from; seed <= to; seed++) count(tally, await runSeed(seed));
  const { user, system } = process.cpuUsage(before);
  tally.cpuMs = (user + system) / 1000;
  process.send?.(tally);
});
