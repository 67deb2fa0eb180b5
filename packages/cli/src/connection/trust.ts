/** TLS of the connections that a command makes: whom it trusts, and what it shows of itself. */
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { headerToken, messageOf } from '@flagstream/protocol';
import { type ChannelCredentials, credentials } from '@grpc/grpc-js';
import { UsageError } from '../usage-error.ts';

/** As the flags give it; TLS is spoken when any of them says something. */
export interface Trust {
  /** TLS with the system's authorities, when no file is given. */
  readonly tls?: boolean;
  readonly caFile?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
  /** Holds an API key. */
  readonly apiKeyFile?: string;
}

export function speaksTls({ tls, caFile, certFile, keyFile }: Trust): boolean {
  return tls === true || (caFile ?? certFile ?? keyFile) !== undefined;
}

/** @throws UsageError naming flag and file */
export function channelCredentials(trust: Trust): ChannelCredentials {
  if (!speaksTls(trust)) return credentials.createInsecure();
  const { caFile, certFile, keyFile } = trust;
  if ((certFile === undefined) !== (keyFile === undefined))
    throw new UsageError(
      `${certFile === undefined ? '--cert-file' : '--key-file'} is missing`,
      'A certificate and its key are given together.',
    );
  const [ca, key, cert] = [
    readPem('--ca-file', caFile),
    readPem('--key-file', keyFile),
    readPem('--cert-file', certFile),
  ];
  try {
    return credentials.createSsl(ca, key, cert);
  } catch (error) {
    const given = [caFile, certFile, keyFile].filter((file) => file !== undefined).join(', ');
    throw new UsageError(
      `TLS cannot be set up from ${given}: ${messageOf(error)}`,
      'Give PEM files: --ca-file, and --cert-file with the --key-file that fits.',
    );
  }
}

/**
 * The API key to show: of a file, else of FLAGSTREAM_API_KEY. Never of a flag, which every process of the machine can read.
 * @throws UsageError naming flag and file, or the variable; never what they hold
 */
export function apiKeyOf({ apiKeyFile }: Trust, env: NodeJS.ProcessEnv = process.env): string | undefined {
  if (apiKeyFile !== undefined) return keyIn(`--api-key-file ${apiKeyFile}`, readKeyFile(apiKeyFile));
  const text = env['FLAGSTREAM_API_KEY'];
  return text === undefined || text.trim() === '' ? undefined : keyIn('FLAGSTREAM_API_KEY', text);
}

function readKeyFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new UsageError(
      `--api-key-file ${path} cannot be read: ${messageOf(error)}`,
      'Name a file that holds an API key, or set FLAGSTREAM_API_KEY.',
    );
  }
}

function keyIn(place: string, text: string): string {
  const token = headerToken(text);
  if (token !== undefined) return token;
  throw new UsageError(
    `${place} holds no API key: one is printable ASCII without spaces`,
    'Give one key and nothing else, as flagstream key create prints it.',
  );
}

function readPem(option: string, path: string | undefined): Buffer | null {
  if (path === undefined) return null;
  try {
    return readFileSync(path);
  } catch (error) {
    throw new UsageError(`${option} ${path} cannot be read: ${messageOf(error)}`, 'Name a PEM file.');
  }
}
