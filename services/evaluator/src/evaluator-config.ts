/**
 * Settings of an evaluator. Each has one name per source: nats.url,
 * --nats-url, FLAGSTREAM_NATS_URL.
 */
import { isKey, KEY_PATTERN, LIMITS, NATS_PREFIX_DEFAULT, NATS_PREFIX_PATTERN } from '@flagstream/protocol';
import {
  type ConnectionTlsSettings,
  connectionTlsSchema,
  insecureSchema,
  type LogFormat,
  type LogLevel,
  NATS_SECURITY_SHAPE,
  type NatsSecuritySettings,
  originsSchema,
  secretSetting,
  type TlsSettings,
  tlsSchema,
} from '@flagstream/runtime';
import * as z from 'zod';

/** More than a machine has cores makes nothing faster, and each holds a whole state in memory. */
const WORKERS_MAX = 64;
const PORT_MAX = 65_535;

const port = (standard: number, description: string) =>
  z.number().int().min(0).max(PORT_MAX).default(standard).describe(`${description}; 0 takes a free one.`);

/** 8015 and 8016 beside 8013. */
const SYNC_PORT_OFFSET = 2;
const OFREP_PORT_OFFSET = 3;

const besidePort = (description: string, offset: number) =>
  z
    .number()
    .int()
    .min(0)
    .max(PORT_MAX)
    .optional()
    .describe(
      `${description}; 0 takes a free one. Absent: grpcPort + ${offset}, or a free one beside a free one.`,
    );

const key = (standard: string, description: string) =>
  z
    .string()
    .max(LIMITS.keyLengthMax)
    .regex(KEY_PATTERN, 'must be a key: a-z, 0-9, ".", "_", "-"')
    .default(standard)
    .describe(description);

/** Evaluation without a key, for clients that can show none. */
export interface KeylessSettings {
  /** `project/environment`; absent: nobody is bound to one. */
  readonly environment?: string | undefined;
  readonly sync: boolean;
  readonly beyondLoopback: boolean;
}

/** Whether flags that divide subjects are sent to engines that divide them in another way. */
export type SyncSplits = 'send' | 'withhold';

export interface EvaluatorConfig {
  readonly host: string;
  readonly tls: TlsSettings;
  readonly insecure: boolean;
  readonly grpcPort: number;
  readonly managementPort: number;
  readonly syncPort?: number | undefined;
  readonly ofrepPort?: number | undefined;
  readonly corsOrigins?: readonly string[] | undefined;
  readonly syncSplits: SyncSplits;
  readonly workers: number;
  readonly workersManagementPort: number;
  readonly nodeId?: string | undefined;
  readonly project: string;
  readonly environment: string;
  readonly reflection: boolean;
  readonly requireKeys?: boolean | undefined;
  readonly keyless: KeylessSettings;
  readonly nats: {
    readonly url?: string | undefined;
    readonly prefix: string;
  } & NatsSecuritySettings;
  readonly controlPlane: {
    readonly address?: string | undefined;
    readonly key?: string | undefined;
    readonly tls?: ConnectionTlsSettings | undefined;
  };
  readonly cache: { readonly dir?: string | undefined };
  readonly readyStalenessMs: number;
  readonly heartbeatMs: number;
  readonly streamsPerSecond: number;
  readonly drainMs: number;
  readonly log: { readonly level: LogLevel; readonly format: LogFormat };
}

const settingsSchema = z.strictObject({
  host: z.string().min(1).default('127.0.0.1').describe('Address to listen on.'),
  tls: tlsSchema,
  insecure: insecureSchema,
  grpcPort: port(8013, 'Port of EvaluationService and StreamService'),
  managementPort: port(8014, 'Port of health, readiness and metrics'),
  syncPort: besidePort('Port of flagd.sync.v1', SYNC_PORT_OFFSET),
  ofrepPort: besidePort('Port of OFREP, over HTTP', OFREP_PORT_OFFSET),
  syncSplits: z
    .enum(['send', 'withhold'])
    .default('send')
    .describe(
      'Splits to clients of flagd.sync.v1 whose engine divides subjects in another way (Java, Python, Rust): send, as flagd does, or withhold.',
    ),
  corsOrigins: originsSchema
    .optional()
    .describe(
      'Origins of web pages that may call; * is any, a port of * any port. Absent: those of this machine, and for OFREP any where callers need a key or keyless.beyondLoopback is set.',
    ),
  workers: z
    .number()
    .int()
    .min(1)
    .max(WORKERS_MAX)
    .default(1)
    .describe(
      'Whole evaluators behind the same gRPC port, each a process; with more than one, this process supervises them.',
    ),
  workersManagementPort: port(
    8020,
    "Management port of the first of several workers, the next has the next one; managementPort is then the supervisor's",
  ),
  nodeId: z
    .string()
    .min(1)
    .max(LIMITS.nodeIdLengthMax)
    .optional()
    .describe('Name of this process in logs and streams; a new one at each start when absent.'),
  project: key('default', 'Project of callers that name none.'),
  environment: key('development', 'Environment of callers that name none.'),
  reflection: z.boolean().default(true).describe('Serve gRPC reflection.'),
  requireKeys: z
    .boolean()
    .optional()
    .describe('Refuse callers without an API key; by default beyond loopback.'),
  keyless: z
    .strictObject({
      environment: z
        .string()
        .refine((text) => placeOf(text) !== undefined, 'must be PROJECT/ENVIRONMENT')
        .optional()
        .describe(
          'PROJECT/ENVIRONMENT: callers without a key are bound to it, and may evaluate there and nothing else.',
        ),
      sync: z
        .boolean()
        .default(false)
        .describe('They may also be sent its flags, as engines in a process need.'),
      beyondLoopback: z
        .boolean()
        .default(false)
        .describe('Also where other machines reach the ports: whoever does may evaluate.'),
    })
    .prefault({}),
  nats: z
    .strictObject({
      url: z.string().min(1).optional().describe('NATS servers to follow the log from, separated by commas.'),
      prefix: z
        .string()
        .regex(NATS_PREFIX_PATTERN, 'must consist of a-z, 0-9 and "-"')
        .default(NATS_PREFIX_DEFAULT)
        .describe('What the names of streams and subjects begin with.'),
      ...NATS_SECURITY_SHAPE,
    })
    .prefault({}),
  controlPlane: z
    .strictObject({
      address: z
        .string()
        .min(1)
        .optional()
        .describe(
          'host:port of the control plane: source of snapshots and heads, and of the log while there is no NATS.',
        ),
      key: secretSetting(
        z
          .string()
          .min(1)
          .optional()
          .describe(
            'API key for the control plane: of an admin with ROLE_NODE; in a file it may be replaced.',
          ),
      ),
      tls: connectionTlsSchema('the control plane'),
    })
    .prefault({}),
  cache: z
    .strictObject({
      dir: z
        .string()
        .min(1)
        .optional()
        .describe('Folder for a copy of the state, to start from while nobody answers. Absent: none.'),
    })
    .prefault({}),
  readyStalenessMs: z
    .number()
    .int()
    .min(0)
    .max(86_400_000)
    .refine((ms) => ms === 0 || ms >= LIMITS.readyStalenessMsMin, {
      error: `must be 0 (off) or at least ${LIMITS.readyStalenessMsMin}: the bound of a healthy node swings to about 1250`,
    })
    .default(0)
    .describe(
      `Not ready while the state may be older than this many milliseconds, at least ${LIMITS.readyStalenessMsMin}; 0: ready however old.`,
    ),
  heartbeatMs: z
    .number()
    .int()
    .min(LIMITS.heartbeatMsMin)
    .max(LIMITS.heartbeatMsMax)
    .default(LIMITS.heartbeatMs)
    .describe('Milliseconds between heartbeats on a stream whose client names none.'),
  streamsPerSecond: z
    .number()
    .int()
    .min(20)
    .max(100_000)
    .default(1_000)
    .describe('New streams that are opened in a second; the others are told when to come back.'),
  drainMs: z
    .number()
    .int()
    .min(0)
    .max(LIMITS.drainMsMax)
    .default(15_000)
    .describe(
      'Longest time, in milliseconds, that clients have to move to another evaluator when this one stops; it is over once they have.',
    ),
  log: z
    .strictObject({
      level: z
        .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
        .default('info')
        .describe('Least severe level that is logged.'),
      format: z
        .enum(['json', 'pretty'])
        .default('json')
        .describe('json, or pretty for people at a terminal.'),
    })
    .prefault({}),
});

/** What `PROJECT/ENVIRONMENT` names. */
export function placeOf(
  text: string,
): { readonly project: string; readonly environment: string } | undefined {
  const [project = '', environment = '', ...more] = text.split('/');
  return more.length === 0 && isKey(project) && isKey(environment) ? { project, environment } : undefined;
}

/** Where flagd.sync.v1 is served. */
export function syncPortOf({ syncPort, grpcPort }: EvaluatorConfig): number {
  return syncPort ?? beside(grpcPort, SYNC_PORT_OFFSET);
}

/** Where OFREP is served. */
export function ofrepPortOf({ ofrepPort, grpcPort }: EvaluatorConfig): number {
  return ofrepPort ?? beside(grpcPort, OFREP_PORT_OFFSET);
}

function beside(grpcPort: number, offset: number): number {
  return grpcPort === 0 || grpcPort + offset > PORT_MAX ? 0 : grpcPort + offset;
}

export const evaluatorConfigSchema: z.ZodType<EvaluatorConfig> = settingsSchema.superRefine(
  (config, context) => {
    const { workers, workersManagementPort: first, grpcPort, managementPort } = config;
    if (workers === 1 || first === 0) return;
    const last = first + workers - 1;
    const refuse = (message: string): void =>
      context.addIssue({ code: 'custom', path: ['workersManagementPort'], message });
    if (last > PORT_MAX) refuse(`that of the last of ${workers} would be ${last}, above ${PORT_MAX}`);
    const beside = { syncPort: syncPortOf(config), ofrepPort: ofrepPortOf(config) };
    for (const [name, other] of Object.entries({ grpcPort, managementPort, ...beside }))
      if (other >= first && other <= last)
        refuse(`${first} to ${last} are those of ${workers} workers, and ${name} is ${other}`);
  },
);
