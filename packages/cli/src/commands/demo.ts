/**
 * `flagstream demo`: an installation of its own in this process, with many
 * small clients. It changes a flag and shows how they confirm, as the control
 * plane knows it, and is gone.
 */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import type { CliSession } from '../cli-session.ts';
import { outputOption } from '../options/connection-options.ts';
import type { OutputFormat } from '../output/json-output.ts';

interface DemoOptions {
  readonly clients: number;
  readonly flips: number;
  readonly output: OutputFormat;
}

/** Both ends of as many connections in one process. */
const CLIENTS_MAX = 1_000;
/** A flip takes a second: nodes report that often. */
const FLIPS_MAX = 100;

export function demoCommand(session: CliSession): Command {
  return new Command('demo')
    .description('start 100 small clients here, change a flag, and show them confirm; nothing is left of it')
    .addOption(
      new Option('--clients <n>', `small clients, each with a connection of its own: 1 to ${CLIENTS_MAX}`)
        .default(100)
        .argParser(wholeNumber(CLIENTS_MAX)),
    )
    .addOption(
      new Option('--flips <n>', `changes of the flag before a client is frozen: 1 to ${FLIPS_MAX}`)
        .default(3)
        .argParser(wholeNumber(FLIPS_MAX)),
    )
    .addOption(outputOption())
    .action(session.action((options: DemoOptions) => demo(session, options)));
}

async function demo(session: CliSession, { clients, flips, output }: DemoOptions): Promise<void> {
  const [{ runEmbedded }, { runShow }] = await Promise.all([
    import('../roles/run-embedded.ts'),
    import('../demo/show.ts'),
  ]);
  const data = await mkdtemp(path.join(tmpdir(), 'flagstream-demo-'));
  const embedded = { data, temporary: true, seed: 'demo', portBase: undefined, logLevel: 'warn' } as const;
  await runEmbedded(session, embedded, ({ controlPlane, evaluator }) =>
    runShow(session.terminal, {
      controlPlanePort: controlPlane.grpcPort,
      evaluatorPort: evaluator.grpcPort,
      clients,
      flips,
      output,
    }),
  );
}

function wholeNumber(max: number): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (/^\d+$/.test(text) && number >= 1 && number <= max) return number;
    throw new InvalidArgumentError(`Give a whole number from 1 to ${max}.`);
  };
}
