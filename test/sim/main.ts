/**
 * `make sim`: replays one seed with its trace, or runs a range on all cores and
 * adds it to the table of results.
 */
import process from 'node:process';
import { replay } from './command/replay.ts';
import { runRange } from './command/run-range.ts';

const USAGE = `make sim SEED=n         replays one seed, with its trace
make sim SEEDS=a..b     runs a range and adds it to test/results/simulation.md`;

const [what, value] = process.argv.slice(2);
if (what === '--seed' && value !== undefined && /^\d+$/.test(value))
  process.exitCode = await replay(Number(value));
else if (what === '--seeds' && value !== undefined && /^\d+\.\.\d+$/.test(value)) {
  const [from, to] = value.split('..').map(Number) as [number, number];
  process.exitCode = await runRange(from, to);
} else {
  process.stderr.write(`${USAGE}\n`);
  process.exitCode = 2;
}
