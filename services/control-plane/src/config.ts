/** The control plane's configuration: every setting with its default and reason. */
import { LIMITS, NATS_PREFIX_DEFAULT, NATS_PREFIX_PATTERN } from '@flagstream/protocol';
import {
  corsOriginsSchema,
  insecureSchema,
  type LogFormat,
  type LogLevel,
  NATS_SECURITY_SHAPE,
  type NatsSecuritySettings,
  type TlsSettings,
  tlsSchema,
} from '@flagstream/runtime';
import * as z from 'zod';
import {
  type BackupSettings,
  backupSchema,
  type IntegritySettings,
  integritySchema,
} from './maintenance/maintenance-settings.ts';

const port = z.int().min(0).max(65_535);
const key = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,127}$/);

const natsSchema: z.ZodType<ControlPlaneConfig['nats']> = z.strictObject({
  url: z
    .string()
    .optional()
    .describe('NATS server to ship the log to, nats://host:port; without it nothing is shipped.'),
  prefix: z
    .string()
    .regex(NATS_PREFIX_PATTERN)
    .default(NATS_PREFIX_DEFAULT)
    .describe('Begins all subjects and streams, so that installations can share a server.'),
  ...NATS_SECURITY_SHAPE,
  streamBytes: z
    .int()
    .min(LIMITS.streamMessageBytesMax)
    .default(LIMITS.logStreamBytesMax)
    .describe('Size of the window of the log that the stream keeps, in bytes.'),
});

const storeSchema: z.ZodType<ControlPlaneConfig['store']> = z.strictObject({
  synchronous: z
    .enum(['full', 'normal'])
    .default('full')
    .describe(
      'full: an answered write has reached the disk. normal: faster, and a power failure may lose the newest writes.',
    ),
  bytesMax: z
    .int()
    .min(0)
    .default(0)
    .describe(
      'Largest size of the SQLite file, in bytes: above it writes fail as on a full disk. 0: no limit.',
    ),
});

const logSchema: z.ZodType<ControlPlaneConfig['log']> = z.strictObject({
  level: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
    .default('info')
    .describe('Least severe level that is logged.'),
  format: z.enum(['json', 'pretty']).default('json').describe('json, or pretty for people at a terminal.'),
});

export const controlPlaneConfigSchema: z.ZodType<ControlPlaneConfig> = z.strictObject({
  data: z.string().min(1).default('./data').describe('Folder of the SQLite file; one process at a time.'),
  host: z.string().min(1).default('127.0.0.1').describe('Address to listen on.'),
  tls: tlsSchema,
  insecure: insecureSchema,
  grpcPort: port.default(8010).describe('Port of AdminService and LogService; 0 takes a free one.'),
  managementPort: port.default(8011).describe('Port of /healthz, /readyz and /metrics; 0 takes a free one.'),
  reflection: z.boolean().default(true).describe('Serve gRPC reflection.'),
  corsOrigins: corsOriginsSchema,
  requireKeys: z
    .boolean()
    .optional()
    .describe(
      'Refuse callers without an API key; by default beyond loopback. The first key, of an owner, is written to DATA/owner-key.',
    ),
  project: key.default('default').describe('Project of callers that name none.'),
  environment: key.default('development').describe('Environment of callers that name none.'),
  seed: z
    .enum(['none', 'default', 'demo'])
    .default('default')
    .describe(
      'Written into a new log: nothing, the project and environment above, or also the flags of a web shop.',
    ),
  nodeId: z
    .string()
    .min(1)
    .max(LIMITS.nodeIdLengthMax)
    .default('control-plane')
    .describe('Name of this process in logs and beacons.'),
  drainGraceMs: z
    .int()
    .min(0)
    .default(25_000)
    .describe('Time for running calls to finish when stopping, in milliseconds.'),
  writeAck: z
    .enum(['local', 'shipped'])
    .default('local')
    .describe('A write is answered once it is on this disk, or once NATS has confirmed it as well.'),
  withoutStream: z
    .boolean()
    .default(false)
    .describe('A file restored from a backup goes on without what only NATS may hold, in a new epoch.'),
  store: storeSchema.prefault({}),
  integrity: integritySchema.prefault({}),
  backup: backupSchema.prefault({}),
  nats: natsSchema.prefault({}),
  log: logSchema.prefault({}),
});

export interface ControlPlaneConfig {
  readonly data: string;
  readonly host: string;
  readonly tls: TlsSettings;
  readonly insecure: boolean;
  readonly grpcPort: number;
  readonly managementPort: number;
  readonly reflection: boolean;
  readonly corsOrigins: readonly string[];
  readonly requireKeys?: boolean | undefined;
  readonly project: string;
  readonly environment: string;
  readonly seed: 'none' | 'default' | 'demo';
  readonly nodeId: string;
  readonly drainGraceMs: number;
  readonly writeAck: 'local' | 'shipped';
  readonly withoutStream: boolean;
  readonly store: { readonly synchronous: 'full' | 'normal'; readonly bytesMax: number };
  readonly integrity: IntegritySettings;
  readonly backup: BackupSettings;
  readonly nats: {
    readonly url?: string | undefined;
    readonly prefix: string;
    readonly streamBytes: number;
  } & NatsSecuritySettings;
  readonly log: { readonly level: LogLevel; readonly format: LogFormat };
}
