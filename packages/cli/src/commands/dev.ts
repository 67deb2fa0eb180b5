/**
 * `flagstream dev`: control plane and evaluator in one process, the log passed
 * on in memory; flags stay in a folder. People read stdout, logs go to stderr.
 */
import { Command, InvalidArgumentError, Option } from 'commander';
import type { CliSession } from '../cli-session.ts';
import { settingFileOption } from '../options/setting-file-option.ts';
import { EMBEDDED_PORTS, EMBEDDED_PROJECT, type EmbeddedOptions } from '../roles/embedded.ts';
import { flagsToShow, welcomeText } from './dev-welcome.ts';

const DEFAULT_PORT_BASE = 8010;

export function devCommand(session: CliSession): Command {
  return new Command('dev')
    .description('run everything in one process on this machine; no key is needed on loopback')
    .addOption(
      new Option('--seed <set>', 'flags for a new data folder: demo is a small web shop')
        .choices(['none', 'default', 'demo'])
        .default('default'),
    )
    .addOption(
      new Option('--data <dir>', 'folder that keeps the flags').env('FLAGSTREAM_DATA').default('./data'),
    )
    .addOption(
      new Option(
        '--port-base <port>',
        'first of the ports: control plane N and N+1, evaluator N+3, N+4 and N+6 (OFREP)',
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
    .action(session.action((options: EmbeddedOptions) => dev(session, options)));
}

async function dev(session: CliSession, options: EmbeddedOptions): Promise<never> {
  const { terminal } = session;
  const { runEmbedded } = await import('../roles/run-embedded.ts');
  return runEmbedded(session, options, async ({ controlPlane, evaluator }) => {
    const tls = options.tlsCertFile !== undefined;
    // With TLS this process might trust neither its own certificate nor be let in.
    const flags = tls ? undefined : await flagsToShow(`localhost:${controlPlane.grpcPort}`, EMBEDDED_PROJECT);
    terminal.print(
      welcomeText({
        controlPlane,
        evaluator,
        data: options.data,
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
