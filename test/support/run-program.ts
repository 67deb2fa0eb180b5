// A program that is run to its end, in a folder.

import { TestProcess } from './process.ts';

export interface ProgramOutcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export async function runProgramIn(
  folder: string,
  program: string,
  words: readonly string[],
): Promise<ProgramOutcome> {
  const started = new TestProcess(`${program} ${words.join(' ')}`, program, words, { cwd: folder });
  const { code } = await started.exited;
  return { code, stdout: started.text('stdout'), stderr: started.text('stderr') };
}

/** The same, answering standard output, and failing with the program's own words. */
export async function succeedIn(folder: string, program: string, words: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runProgramIn(folder, program, words);
  if (code !== 0) throw new Error(`${program} ${words.join(' ')} ended with ${code}:\n${stdout}${stderr}`);
  return stdout;
}
