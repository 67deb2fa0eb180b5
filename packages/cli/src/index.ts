/** The flagstream command as a library: one run with its own terminal. */
export { CliSession } from './cli-session.ts';
export { EXIT, type ExitCode } from './exit-code.ts';
export { runProgram } from './program.ts';
export { Terminal, type TerminalStreams } from './terminal.ts';
