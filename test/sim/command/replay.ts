/** One seed, told line by line. */
import process from 'node:process';
import { runSeed } from '../scenario.ts';

/** @returns the exit code */
export async function replay(seed: number): Promise<number> {
  const result = await runSeed(seed, (line) => process.stdout.write(`${line}\n`));
  const { events, commits, faults, traceHash, violation } = result;
  process.stdout.write(
    `\nseed ${seed}: ${events} events, ${commits} revisions, ${faults.length} faults, trace ${traceHash}\n`,
  );
  if (violation === undefined) {
    process.stdout.write('every promise was kept\n');
    return 0;
  }
  process.stdout.write(`VIOLATED ${violation.promise}: ${violation.message}\n`);
  return 1;
}
