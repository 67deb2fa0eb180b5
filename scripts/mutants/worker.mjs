// A process of `make mutants`: takes one mutant at a time from its parent and answers what came of it. It may be
// ended at any moment, as happens when a mutant never lets go.

import { readFileSync } from 'node:fs';
import process from 'node:process';
import { Judge } from './judge.mjs';

const [scriptFile, root] = process.argv.slice(2);
const judge = new Judge(readFileSync(scriptFile, 'utf8'), root);
process.send({ failures: await judge.observe() });
process.on('message', async (mutant) => {
  process.send({ id: mutant.id, ...(await judge.judge(mutant)) });
});
