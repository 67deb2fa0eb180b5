/**
 * The parts of an installation that a process can be. Loaded when a command
 * needs them: a client command must not wait for SQLite, NATS and metrics.
 */
import type { EvaluatorConfig } from '@flagstream/evaluator';
import type { FlagstreamError } from '@flagstream/protocol';
import type { Position } from '@flagstream/replica';
import type {
  ConfigSources,
  EffectiveSetting,
  LogFormat,
  LogLevel,
  Readiness,
  Setting,
} from '@flagstream/runtime';

export const ROLE_NAMES = ['control-plane', 'evaluator'] as const;
export type RoleName = (typeof ROLE_NAMES)[number];

export interface RunningRole {
  readonly grpcPort: number;
  readonly managementPort: number;
  /** Of an evaluator. */
  readonly ofrepPort?: number;
  /** Of an evaluator: of flagd.sync.v1. */
  readonly syncPort?: number;
  /** Resolves when the process must end by itself, with why. */
  readonly ended?: Promise<FlagstreamError>;
  readiness?(): Readiness;
  /** The revision that answers stand for. */
  applied?(): Position;
  close(): Promise<void>;
}

export interface Role {
  readonly name: RoleName;
  readonly settings: readonly Setting[];
  /** JSON Schema of its configuration file. */
  jsonSchema(): unknown;
  /** Every setting with its origin, secrets hidden. @throws ConfigError */
  effective(sources: ConfigSources): readonly EffectiveSetting[];
  /** Checks the whole configuration before anything opens. @throws ConfigError */
  prepare(sources: ConfigSources): PreparedRole;
}

export interface PreparedRole {
  readonly log: { readonly level: LogLevel; readonly format: LogFormat };
  /** Absent: the role makes one up when it starts. */
  readonly nodeId?: string | undefined;
  /** It would be open to other machines as it should not be; whether it may start so is the role's to say. */
  readonly insecure: boolean;
  /** Several processes of the role are wanted behind its port: how it is to be supervised. */
  readonly supervised?: EvaluatorConfig | undefined;
  start(options?: StartOptions): Promise<RunningRole>;
}

export interface StartOptions {
  /** It is one of several behind its gRPC port. */
  readonly sharesPort?: boolean;
}

export type Roles = Readonly<Record<RoleName, Role>>;

export async function loadRoles(): Promise<Roles> {
  const { ROLES } = await import('./role-table.ts');
  return ROLES;
}
