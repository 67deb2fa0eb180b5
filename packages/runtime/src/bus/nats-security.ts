/**
 * How a process shows itself to NATS and what it trusts: settings, alike in
 * every role, and what is read from the files that they name.
 */
import { messageOf } from '@flagstream/protocol';
import { nkeyAuthenticator, nkeys } from 'nats';
import * as z from 'zod';
import { ConfigError } from '../config/config-error.ts';
import { type ReadText, readTextFile } from '../config/config-sources.ts';
import { secretSetting, settingPlace } from '../config/setting.ts';
import type { ConnectionIdentities } from '../tls/connection-identities.ts';
import type { ConnectionIdentity } from '../tls/connection-identity.ts';
import { readConnectionTls } from '../tls/tls-files.ts';
import { type ConnectionTlsSettings, connectionTlsSchema } from '../tls/tls-settings.ts';
import type { NatsCredentials } from './nats-link.ts';

export interface NatsSecuritySettings {
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  /** File with the seed of a user's nkey, SU... */
  readonly nkeySeedFile?: string | undefined;
  readonly tls?: ConnectionTlsSettings | undefined;
  /** Begins the subjects of answers. */
  readonly inboxPrefix?: string | undefined;
}

/** A token or several of a NATS subject. */
const INBOX_PATTERN = /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/;

export const NATS_SECURITY_SHAPE: {
  readonly user: z.ZodOptional<z.ZodString>;
  readonly password: z.ZodOptional<z.ZodString>;
  readonly nkeySeedFile: z.ZodOptional<z.ZodString>;
  readonly tls: ReturnType<typeof connectionTlsSchema>;
  readonly inboxPrefix: z.ZodOptional<z.ZodString>;
} = {
  user: z.string().optional().describe('NATS user.'),
  password: secretSetting(z.string().optional().describe('NATS password; in a file it may be replaced.')),
  nkeySeedFile: z
    .string()
    .min(1)
    .optional()
    .describe(
      'File with the seed of the nkey of a NATS user, in place of user and password; read for each connection.',
    ),
  tls: connectionTlsSchema('NATS'),
  inboxPrefix: z
    .string()
    .regex(INBOX_PATTERN, 'must be tokens of A-Z, a-z, 0-9, "_" and "-", separated by "."')
    .optional()
    .describe(
      'Begins the subjects of answers, so that NATS can keep users apart: by default _INBOX_cp or _INBOX_ev.',
    ),
};

/** What the settings of NATS say, with their files read. @throws ConfigError naming setting and file */
export function natsCredentials(
  settings: NatsSecuritySettings,
  read: ReadText = readTextFile,
): NatsCredentials {
  const { user, password, nkeySeedFile } = settings;
  const tls = readConnectionTls('nats.tls', settings.tls, read);
  return {
    user,
    password,
    ...(tls === undefined ? {} : { tls }),
    ...(nkeySeedFile === undefined ? {} : { authenticator: seedAuthenticator(nkeySeedFile, read) }),
  };
}

/** The same, kept up to date for as long as the process runs. @throws ConfigError naming setting and file */
export function natsIdentity(
  identities: ConnectionIdentities,
  settings: NatsSecuritySettings,
): Promise<ConnectionIdentity<NatsCredentials>> {
  return identities.open('nats', ({ read, secret }) =>
    natsCredentials({ ...settings, password: secret('nats.password', settings.password) }, read),
  );
}

function seedAuthenticator(file: string, read: ReadText): ReturnType<typeof nkeyAuthenticator> {
  const refuse = (problem: string): ConfigError =>
    new ConfigError([{ where: settingPlace('nats.nkeySeedFile'), message: `${file} ${problem}` }]);
  let text: string;
  try {
    text = read(file);
  } catch (error) {
    throw refuse(`cannot be read: ${messageOf(error)}`);
  }
  const seed = new TextEncoder().encode(text.trim());
  try {
    if (nkeys.fromSeed(seed).getPublicKey().startsWith('U')) return nkeyAuthenticator(seed);
  } catch {
    // The error may tell of the seed; what it is not, is all that is said.
  }
  throw refuse("holds no seed of a user's nkey: one begins with SU");
}
