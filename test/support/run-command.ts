// The flagstream command in this process, against real servers: as the executable, without starting one.
// What only a process has (signals, `dev`, `serve`) is tested through flagstream.ts.

import { PassThrough } from 'node:stream';
import { CliSession, runProgram, Terminal } from '@flagstream/cli';
import type { Finished } from './flagstream.ts';
import { record } from './recording.ts';

/** Nobody sits at its terminal: output is for programs, and nobody can be asked. */
export async function runCommand(words: readonly string[]): Promise<Finished> {
  const stdout = new Collected();
  const stderr = new Collected();
  const terminal = new Terminal({ stdin: new PassThrough(), stdout, stderr, env: process.env });
  const session = new CliSession({ terminal, env: process.env, takeOverSignals: () => undefined });
  const code = await runProgram(session, words);
  // Its standard output is for who typed the command.
  record('output', `stderr of flagstream ${words.join(' ')}`, stderr.text);
  return { code, stdout: stdout.text, stderr: stderr.text };
}

class Collected extends PassThrough {
  text = '';

  constructor() {
    super();
    this.on('data', (chunk: Buffer) => {
      this.text += chunk.toString();
    });
  }
}
