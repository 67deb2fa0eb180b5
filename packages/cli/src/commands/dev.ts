/**
 * `flagstream dev`: control plane and evaluator in one process, the log passed
 * on in memory; flags stay in a folder, or come from flagd's files. People read
 * stdout, logs go to stderr.
 */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import type { CliSession } from '../cli-session.ts';
import {
  type FlagdFilesOptions,
  flagdFilesOf,
  flagdFilesOption,
  fractionalOption,
} from '../options/flagd-files-options.ts';
import { settingFileOption } from '../options/setting-file-option.ts';
import { EMBEDDED_PORTS, EMBEDDED_PROJECT, type EmbeddedOptions } from '../roles/embedded.ts';
import { flagsToShow, welcomeText } from './dev-welcome.ts';

const DEFAULT_PORT_BASE = 8010;
const DATA_OPTION = 'data';

/** As they are typed. */
interface DevOptions extends Omit<EmbeddedOptions, 'flagFiles' | 'temporary'>, FlagdFilesOptions {}

export function devCommand(session: CliSession): Command {
  const command = new Command('dev');
  return command
    .description('run everything in one process on this machine; no key is needed on loopback')
    .addOption(flagdFilesOption().conflicts(['seed', 'nats']))
    .addOption(fractionalOption())
    .addOption(
      new Option('--seed <set>', 'flags for a new data folder: demo is a small web shop')
        .choices(['none', 'default', 'demo'])
        .default('default'),
    )
    .addOption(
      new Option('--data <dir>', 'folder that keeps the flags; with --flags a temporary one if not given')
        .env('FLAGSTREAM_DATA')
        .default('./data'),
    )
    .addOption(
      new Option(
        '--port-base <port>',
        "first of the ports: control plane N and N+1, evaluator N+3 (flagd's RPC, too), N+4, N+5 (flagd in process) and N+6 (OFREP)",
      )
        .env('FLAGSTREAM_PORT_BASE')
        .default(DEFAULT_PORT_BASE)
        .argParser(parsePortBase),
    )
    .addOption(new Option('--nats <url>', 'also ship changes to this NATS server, for more evaluators'))
    .addOption(
      settingFileOption('--tls-cert-file', 'PEM file of a certificate: all ports then speak TLS alone'),
    )
    .addOption(settingFileOption('--tls-key-file', 'PEM file of its private key'))
    .addOption(settingFileOption('--tls-client-ca-file', 'PEM file of the authorities of whoever connects'))
    .addOption(
      new Option('--log-level <level>', 'least severity that is logged, to stderr')
        .choices(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
        .default('warn'),
    )
    .addHelpText(
      'after',
      `
Examples:
  $ flagstream dev --seed demo
  $ flagstream dev --flags demo.flagd.json

With --flags the files are the whole truth: what has left them is gone, and a change by a command
lasts until its file changes. A file that is broken changes nothing, and stderr says what is wrong.`,
    )
    .action(
      session.action(async (options: DevOptions) => {
        const isFolderNamed = command.getOptionValueSource(DATA_OPTION) !== 'default';
        await dev(session, await embeddedOptions(session, options, isFolderNamed));
      }),
    );
}

async function embeddedOptions(
  { terminal }: CliSession,
  options: DevOptions,
  isFolderNamed: boolean,
): Promise<EmbeddedOptions> {
  const { flags: _, fractional: __, ...others } = options;
  const named = flagdFilesOf(options);
  if (named === undefined) return others;
  const { FlagFiles } = await import('../flagd-files/flag-files.ts');
  const flagFiles = await FlagFiles.open({ ...named, tell: (line) => terminal.note(line) });
  const served = { ...others, seed: 'none', flagFiles } as const;
  if (isFolderNamed) return served;
  // The files keep the flags: what the log remembers is of use while the process lives.
  return { ...served, data: await mkdtemp(path.join(tmpdir(), 'flagstream-dev-')), temporary: true };
}

async function dev(session: CliSession, options: EmbeddedOptions): Promise<never> {
  const { terminal } = session;
  const { flagFiles } = options;
  const { runEmbedded } = await import('../roles/run-embedded.ts');
  return runEmbedded(session, options, async ({ controlPlane, evaluator }) => {
    const tls = options.tlsCertFile !== undefined;
    // With TLS this process might trust neither its own certificate nor be let in.
    const flags =
      flagFiles?.keys() ??
      (tls ? undefined : await flagsToShow(`localhost:${controlPlane.grpcPort}`, EMBEDDED_PROJECT));
    terminal.print(
      welcomeText({
        controlPlane,
        evaluator,
        data: options.data,
        files: flagFiles?.names,
        defaultPorts: options.portBase === DEFAULT_PORT_BASE,
        flags,
        tls,
        paint: (style, text) => terminal.paint(style, text),
      }),
    );
    // Until a signal.
    return new Promise<never>(() => undefined);
  });
}

function parsePortBase(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port >= 1 && port + EMBEDDED_PORTS - 1 <= 65_535) return port;
  throw new InvalidArgumentError(`Give a port from 1 to ${65_535 - EMBEDDED_PORTS + 1}.`);
}
