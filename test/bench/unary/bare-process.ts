// Bare servers as processes.

import path from 'node:path';
import process from 'node:process';
import { TestProcess } from '../../support/process.ts';
import type { BareCall } from './bare-calls.ts';

export interface StartedBare {
  readonly process: TestProcess;
  readonly pid: number;
  readonly port: number;
}

/** @param answer JSON of the message that it answers */
export function startBareGrpc(call: BareCall, answer: unknown): Promise<StartedBare> {
  return start('bare-server', [call, JSON.stringify(answer)]);
}

export function startBareHttp(answer: unknown): Promise<StartedBare> {
  return start('bare-http-server', [JSON.stringify(answer)]);
}

async function start(program: string, words: readonly string[]): Promise<StartedBare> {
  const file = path.join(import.meta.dirname, `${program}.js`);
  const server = new TestProcess(program, process.execPath, [file, ...words]);
  const { json: listening } = await server.waitForLine((line) => line.json?.['port'] !== undefined);
  return { process: server, pid: pidOf(server), port: Number(listening?.['port']) };
}

export function pidOf({ pid }: TestProcess): number {
  if (pid === undefined) throw new Error('the process is not running');
  return pid;
}
