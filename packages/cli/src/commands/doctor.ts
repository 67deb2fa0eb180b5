/**
 * `flagstream doctor`: whether what Flagstream relies on is so. Probes the
 * nats-server, and asks the control plane and the evaluators how far they are.
 */
import { NATS_PREFIX_DEFAULT } from '@flagstream/protocol';
import { Command, InvalidArgumentError, Option } from 'commander';
import type { CliSession } from '../cli-session.ts';
import type { Trust } from '../connection/trust.ts';
import { askControlPlane, askEvaluator } from '../doctor/ask-nodes.ts';
import { type DoctorRow, exitCodeOfRows } from '../doctor/doctor-row.ts';
import type { ExitCode } from '../exit-code.ts';
import {
  environmentOption,
  outputOption,
  projectOption,
  timeoutOption,
  withTrust,
} from '../options/connection-options.ts';
import { settingFileOption } from '../options/setting-file-option.ts';
import { type OutputFormat, printJson } from '../output/json-output.ts';
import { printTable } from '../output/table.ts';
import type { Terminal } from '../terminal.ts';
import { UsageError } from '../usage-error.ts';
import { VERSION } from '../version.ts';

interface DoctorOptions extends Trust {
  readonly natsUrl?: string;
  readonly natsPrefix: string;
  readonly natsUser?: string;
  readonly natsPassword?: string;
  readonly natsNkeySeedFile?: string;
  readonly natsTlsCaFile?: string;
  readonly natsTlsCertFile?: string;
  readonly natsTlsKeyFile?: string;
  readonly natsInboxPrefix: string;
  readonly natsMonitor?: string;
  readonly natsStreamBytes?: number;
  readonly iKnow: boolean;
  readonly server?: string;
  readonly evaluator: readonly string[];
  readonly project: string;
  readonly environment: string;
  readonly timeout: number;
  readonly output: OutputFormat;
}

export function doctorCommand(session: CliSession): Command {
  return withTrust(new Command('doctor'))
    .description('probe what is named: the NATS server, the control plane, evaluators')
    .addOption(new Option('--nats-url <url>', 'NATS server, nats://host:port').env('FLAGSTREAM_NATS_URL'))
    .addOption(
      new Option('--nats-prefix <text>', 'begins all subjects and streams')
        .env('FLAGSTREAM_NATS_PREFIX')
        .default(NATS_PREFIX_DEFAULT),
    )
    .addOption(new Option('--nats-user <text>', 'NATS user').env('FLAGSTREAM_NATS_USER'))
    .addOption(new Option('--nats-password <text>', 'NATS password').env('FLAGSTREAM_NATS_PASSWORD'))
    .addOption(settingFileOption('--nats-nkey-seed-file', "seed of a NATS user's nkey"))
    .addOption(settingFileOption('--nats-tls-ca-file', 'PEM, authorities that NATS is trusted by'))
    .addOption(settingFileOption('--nats-tls-cert-file', 'PEM, certificate that NATS is shown'))
    .addOption(settingFileOption('--nats-tls-key-file', 'PEM, its private key'))
    .addOption(
      new Option('--nats-inbox-prefix <text>', 'begins the subjects of answers').default('_INBOX_admin'),
    )
    .addOption(
      new Option(
        '--nats-monitor <url>',
        'its monitoring port, http://host:8222: tells more of its storage',
      ).argParser(parseHttpUrl),
    )
    .addOption(
      new Option('--nats-stream-bytes <bytes>', 'size that the window of the log should have')
        .env('FLAGSTREAM_NATS_STREAM_BYTES')
        .argParser(parseBytes),
    )
    .option('--i-know', 'accept replicas of streams on a server before 2.10.27', false)
    .addOption(new Option('--server <host:port>', 'control plane').env('FLAGSTREAM_SERVER'))
    .addOption(
      new Option('--evaluator <host:port...>', 'evaluator (repeatable)')
        .env('FLAGSTREAM_EVALUATOR')
        .default([]),
    )
    .addOption(environmentOption())
    .addOption(projectOption())
    .addOption(outputOption())
    .addOption(timeoutOption())
    .addHelpText(
      'after',
      `
Examples:
  $ flagstream doctor --nats-url nats://localhost:4222 --nats-monitor http://localhost:8222
  $ flagstream doctor --server localhost:8010 --evaluator localhost:8013 --evaluator localhost:8023

The probe of NATS writes to a stream of its own, PREFIX_DOCTOR, and removes it.
Exit codes: 1 if something fails, 6 if all that fails did not answer; warnings are 0.`,
    )
    .action(session.action((options: DoctorOptions) => doctor(session, options)));
}

async function doctor({ terminal }: CliSession, options: DoctorOptions): Promise<ExitCode> {
  const evaluators = [options.evaluator].flat();
  if (options.natsUrl === undefined && options.server === undefined && evaluators.length === 0)
    throw new UsageError(
      'there is nothing to look at',
      'Name what to probe: --nats-url, --server or --evaluator.',
    );
  const [nats, nodes] = await Promise.all([natsRows(options), nodeRows(options, evaluators)]);
  const rows = [...nats, ...nodes];
  if (options.output === 'json') printJson(terminal, rows);
  else printRows(terminal, rows);
  return exitCodeOfRows(rows);
}

function printRows(terminal: Terminal, rows: readonly DoctorRow[]): void {
  printTable(terminal, rows, [
    { title: 'PART', value: ({ part }) => part },
    { title: 'CHECK', value: ({ check }) => check },
    { title: 'RESULT', value: ({ verdict }) => verdict },
    { title: 'DETAIL', value: ({ detail }) => detail },
  ]);
  if (!terminal.interactive) return;
  // The table cuts what is too long for a line: what needs somebody stands here in full.
  for (const { part, check, verdict, detail } of rows)
    if (verdict === 'warn' || verdict === 'fail')
      terminal.print(`\n${verdict}: ${part}, ${check}: ${detail}`);
}

async function natsRows(options: DoctorOptions): Promise<readonly DoctorRow[]> {
  const { natsUrl, natsUser, natsPassword, natsMonitor, natsStreamBytes } = options;
  if (natsUrl === undefined) return [];
  // Loaded here: other client commands must not wait for NATS's client.
  const { createLogger, natsCredentials, probeNats } = await import('@flagstream/runtime');
  const credentials = natsCredentials({
    user: natsUser,
    password: natsPassword,
    nkeySeedFile: options.natsNkeySeedFile,
    tls: {
      caFile: options.natsTlsCaFile,
      certFile: options.natsTlsCertFile,
      keyFile: options.natsTlsKeyFile,
    },
  });
  const { reachable, findings } = await probeNats({
    credentials: () => credentials,
    inboxPrefix: options.natsInboxPrefix,
    url: natsUrl,
    prefix: options.natsPrefix,
    acceptReplicas: options.iKnow,
    timeoutMs: options.timeout * 1000,
    logger: createLogger({ level: 'silent', service: 'doctor', version: VERSION, nodeId: 'doctor' }),
    ...(natsMonitor === undefined ? {} : { monitor: natsMonitor }),
    ...(natsStreamBytes === undefined ? {} : { windowBytes: natsStreamBytes }),
  });
  return findings.map((finding) => ({
    part: 'nats',
    ...finding,
    ...(reachable ? {} : { unreachable: true }),
  }));
}

async function nodeRows(
  options: DoctorOptions,
  evaluators: readonly string[],
): Promise<readonly DoctorRow[]> {
  const timeoutMs = options.timeout * 1000;
  const controlPlane =
    options.server === undefined ? undefined : await askControlPlane(options.server, options, timeoutMs);
  const rows = await Promise.all(
    evaluators.map((address) => askEvaluator(address, options, timeoutMs, controlPlane?.head)),
  );
  return [...(controlPlane === undefined ? [] : [controlPlane.row]), ...rows];
}

function parseHttpUrl(text: string): string {
  if (URL.canParse(text) && /^https?:/.test(text)) return text;
  throw new InvalidArgumentError('Give http://HOST:PORT.');
}

function parseBytes(text: string): number {
  const bytes = Number(text);
  if (Number.isSafeInteger(bytes) && bytes > 0) return bytes;
  throw new InvalidArgumentError('Give a whole number above 0.');
}
