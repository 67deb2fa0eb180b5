/**
 * Structured logs: one JSON document per line on stdout. Keys and credentials
 * never reach a line. No worker transports: the process is bundled as one file
 * and a crash must not lose its last words.
 */
import { type DestinationStream, type Logger as PinoLogger, pino, stdTimeFunctions } from 'pino';
import { prettyStream } from './pretty-stream.ts';

export type Logger = PinoLogger;

export type LogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';
export type LogFormat = 'json' | 'pretty';

export interface LoggerOptions {
  readonly level: LogLevel;
  readonly format?: LogFormat;
  readonly service: string;
  readonly version: string;
  readonly nodeId: string;
  /** Stands in every line of a process that is open to other machines as it should not be. */
  readonly insecure?: boolean;
  /** Where lines go; standardOutput() when absent. */
  readonly destination?: DestinationStream;
}

/** Values under these names are replaced, at the top and one and two levels down. */
const SECRET_NAMES: readonly string[] = [
  'authorization',
  'Authorization',
  'apiKey',
  'api_key',
  'token',
  'secret',
  'password',
  'privateAttributes',
  '"x-api-key"',
];

export function createLogger(options: LoggerOptions): Logger {
  const { level, format = 'json', service, version, nodeId, insecure = false } = options;
  const out = options.destination ?? standardOutput();
  return pino(
    {
      level,
      base: { service, version, node_id: nodeId, ...(insecure ? { insecure } : {}) },
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: secretPaths(), censor: '[redacted]' },
    },
    format === 'pretty' ? prettyStream(out) : out,
  );
}

/** Whole lines, written before anything else happens; nobody reading them any more ends nothing. */
export function standardOutput(): DestinationStream {
  return pino.destination({ fd: 1, sync: true });
}

function secretPaths(): string[] {
  return SECRET_NAMES.flatMap((name) => {
    const member = name.startsWith('"') ? `[${name}]` : `.${name}`;
    return [member.replace(/^\./, ''), `*${member}`, `*.*${member}`];
  });
}

/** `pretty` is for people at a terminal; anything that is read by a machine gets JSON. */
export function effectiveFormat(wanted: LogFormat, isTerminal: boolean): LogFormat {
  return wanted === 'pretty' && isTerminal ? 'pretty' : 'json';
}
