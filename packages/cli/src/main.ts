/** The flagstream command: wires the process to the program and sets the exit code. */
import process from 'node:process';
import { CliSession } from './cli-session.ts';
import { EXIT } from './exit-code.ts';
import { runProgram } from './program.ts';
import { Terminal } from './terminal.ts';

const interrupt = (): void => process.exit(EXIT.interrupted);
process.on('SIGINT', interrupt);
// The reader of a pipe has seen enough: `flagstream flag list | head`.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(EXIT.ok);
});
// Nobody reads the notes any more (`2>&1 | head`): what is being done goes on, and so does the exit code.
process.stderr.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

const { stdin, stdout, stderr, env } = process;
const session = new CliSession({
  terminal: new Terminal({ stdin, stdout, stderr, env }),
  env,
  takeOverSignals: () => process.off('SIGINT', interrupt),
});
process.exitCode = await runProgram(session, process.argv.slice(2));
